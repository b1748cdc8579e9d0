/**
 * Puts jobs into the queue, as long as there is room. 202 means durable, so nothing here resolves before the backend has
 * confirmed.
 */
import type { BodyToEnqueue, Log, TurnQueue } from "@turnpike/domain/ports";
import { AppError } from "@turnpike/domain/errors";
import { addJobs } from "./add-jobs.ts";
import { createAddLine } from "./add-line.ts";
import type { QueueLocation } from "./backend.ts";
import type { QueueRoom } from "./body-codec.ts";
import { findPassedBound, type QueueBound, queueBounds, type QueueBounds, refuseFull } from "./bounds.ts";
import { INGEST_EVENTS, INGEST_TURN, jobIdOf, type JobName, type NewJob, writeJob } from "./catalog.ts";
import { reviveJob } from "./dead-job.ts";
import { type Amount, createLoadBook } from "./load-book.ts";
import { placeJobs } from "./place-jobs.ts";
import { createQueueClient, WAIT_MS } from "./queue-client.ts";

export type { QueueBounds } from "./bounds.ts";

const MIB = 2 ** 20;
// Deflating is the dearest part of taking a turn in: Redis gets bodies as they are until the queue begins to fill. Postgres
// writes every byte twice, and reads it once more to throw it away: there it pays at once.
const ROOMY_SHARE = { redis: 1 / 2, postgres: 0 } as const;
// A large body takes its time also when the queue is well.
const WAIT_MS_PER_MIB = 200;
// Few enough that nobody else waits long for the backend, many enough that a group costs less than its jobs one by one.
const GROUPS = { lanes: 4, patienceMs: 50, restMs: 8, maxJobs: 64, maxBytes: MIB, maxWaitMs: 3_000 } as const;

/** What is held by one queue unless it is told otherwise. */
export const DEFAULT_BOUNDS: QueueBounds = {
  maxJobs: 100_000,
  maxBytes: 1_024 * MIB,
  maxBytesPerOrg: 512 * MIB,
};

/** Where to produce to, and how much. */
export interface ProducerOptions extends QueueLocation {
  readonly log: Log;
  /** Default `DEFAULT_BOUNDS`. */
  readonly bounds?: QueueBounds;
}

/** The producing side of the queue. */
export interface Producer extends TurnQueue {
  /**
   * Put a dead letter's job back under its id; it is not counted as accepted again, and no bound refuses it. Does nothing while
   * the job is in the queue.
   * @throws AppError `queue_unavailable`; `unreadable_job` when the bytes are no dead job.
   */
  replay(orgId: string, receipt: string, job: Uint8Array): Promise<void>;
  /** Count what was refused since the start, by bound. */
  refusals(): Readonly<Record<QueueBound, number>>;
  close(): Promise<void>;
}

/** Connect in the background; until that has worked, and whenever the queue is away, calls fail within seconds. */
export function createProducer(options: ProducerOptions): Producer {
  const { bounds = DEFAULT_BOUNDS, prefix } = options;
  const client = createQueueClient(options);
  const book = createLoadBook(() => client.use(WAIT_MS, ({ register }) => register.load()));
  const refused = Object.fromEntries(queueBounds.map((bound) => [bound, 0])) as Record<QueueBound, number>;

  const requireRoom = (byOrg: ReadonlyMap<string, Amount>): void => {
    const passed = findPassedBound(book.current(), byOrg, bounds);
    if (passed === undefined) return;
    refused[passed.bound] += 1;
    throw refuseFull(passed);
  };
  const line = createAddLine({
    ...GROUPS,
    add(jobs, counts) {
      const sizeMib = jobs.reduce((sum, job) => sum + job.bytes, 0) / MIB;
      return client.use(WAIT_MS + sizeMib * WAIT_MS_PER_MIB, (opened, signal) =>
        addJobs(opened, prefix, jobs, { counts, signal }),
      );
    },
    late: () => new AppError("queue_unavailable", "the queue is busy: try again"),
  });
  const put = async (jobs: readonly NewJob[], { counts }: { readonly counts: boolean }): Promise<void> => {
    const byOrg = sumByOrg(jobs);
    await book.refresh();
    // Nothing is waited for between this look and the note of what is put in.
    if (counts) requireRoom(byOrg);
    const placed = placeJobs(jobs, book.current());
    const end = book.begin(byOrg);
    let isIn = false;
    try {
      await line.add(jobs[0]?.orgId ?? "", placed, counts);
      isIn = true;
    } finally {
      end(isIn);
    }
  };
  const roomFor = (orgId: string): QueueRoom => {
    const share = ROOMY_SHARE[options.redisUrl === undefined ? "postgres" : "redis"];
    const load = book.current();
    const isRoomy =
      load.bytes < bounds.maxBytes * share && load.of(orgId).bytes < bounds.maxBytesPerOrg * share;
    return isRoomy ? "roomy" : "tight";
  };
  const add = async (name: JobName, bodies: readonly BodyToEnqueue[]): Promise<void> => {
    if (bodies.length === 0) return;
    // Before they are deflated: of a full queue it is known already.
    await book.refresh();
    requireRoom(countByOrg(bodies));
    const jobs: NewJob[] = [];
    // One after the other: of many bodies, one is there twice at a time.
    for (const body of bodies) jobs.push(await writeJob(name, body, roomFor(body.orgId)));
    await put(jobs, { counts: true });
  };

  return {
    enqueue: (turns) => add(INGEST_TURN, turns),
    enqueueEvents: (posts) => add(INGEST_EVENTS, posts),
    async replay(orgId, receipt, job) {
      await put([reviveJob(jobIdOf(orgId, receipt), orgId, job, Date.now())], { counts: false });
    },
    refusals: () => ({ ...refused }),
    ping: () => client.use(WAIT_MS, ({ backend }) => backend.ping()),
    close: () => client.close(),
  };
}

function sumByOrg(jobs: readonly NewJob[]): Map<string, Amount> {
  const byOrg = new Map<string, Amount>();
  for (const { orgId, bytes } of jobs) {
    const sum = byOrg.get(orgId) ?? { jobs: 0, bytes: 0 };
    byOrg.set(orgId, { jobs: sum.jobs + 1, bytes: sum.bytes + bytes });
  }
  return byOrg;
}

// A body that was not deflated yet counts as one byte: it is refused only by a bound that is passed already.
function countByOrg(bodies: readonly BodyToEnqueue[]): Map<string, Amount> {
  const byOrg = new Map<string, Amount>();
  for (const { orgId } of bodies) {
    const jobs = (byOrg.get(orgId)?.jobs ?? 0) + 1;
    byOrg.set(orgId, { jobs, bytes: jobs });
  }
  return byOrg;
}
