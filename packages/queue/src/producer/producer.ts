/**
 * Puts jobs into the queue, as long as there is room. 202 means durable, so nothing here resolves before the backend has
 * confirmed. What is put in with one call goes into one shard, so it is there as a whole or not at all; and never into another
 * when that one does not answer: it may have it.
 */
import type { BodyToEnqueue, Log, TurnQueue } from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "../backend/backend.ts";
import { traitsOf } from "../backend/open-backend.ts";
import type { QueueRoom } from "../job/body-codec.ts";
import { findPassedBound, type QueueBound, queueBounds, type QueueBounds, refuseFull } from "./limits.ts";
import { INGEST_EVENTS, INGEST_TURN, jobIdOf, type JobName, type NewJob, writeJob } from "../job/payload.ts";
import { reviveJob } from "../job/dead-job.ts";
import { type Amount, type KnownLoad, sumLoads } from "./queue-load.ts";
import { countAccepted, type UseShard } from "../marker/count-accepted.ts";
import { type MarkerOptions, watchMarker } from "../marker/watch-marker.ts";
import { createProducerShard, type ProducerShard, sumByOrg } from "./producer-shard.ts";
import { WAIT_MS } from "../backend/queue-client.ts";
import { noteShardCount } from "../shards/shard-count.ts";
import type { SplitBody } from "../backend/postgres/prefix-index.ts";
import { chooseShard, listShards } from "../shards/shards.ts";
import { within } from "@turnpike/async/timeout";

export type { QueueBounds } from "./limits.ts";

const MIB = 2 ** 20;
// For a look at the other shards; one that is away is not waited for longer, nor again until it answers.
const LOOK_TIMEOUT_MS = 500;

/** What is held by one queue unless it is told otherwise. */
export const DEFAULT_BOUNDS: QueueBounds = {
  maxJobs: 100_000,
  maxJobsPerOrg: 50_000,
  maxBytes: 1_024 * MIB,
  maxBytesPerOrg: 512 * MIB,
};

/** Where to produce to, and how much. */
export interface ProducerOptions extends QueueLocation {
  readonly log: Log;
  /** Default `DEFAULT_BOUNDS`. */
  readonly bounds?: QueueBounds;
  /** When given, jobs are put only into a queue that is the one of this database; else what the queue says of itself has to do. */
  readonly marker?: MarkerOptions | undefined;
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
  const { bounds = DEFAULT_BOUNDS } = options;
  const shards = listShards(options).map((location) => createProducerShard(location)) as [
    ProducerShard,
    ...ProducerShard[],
  ];
  const refused = Object.fromEntries(queueBounds.map((bound) => [bound, 0])) as Record<QueueBound, number>;
  const shardOf = (group: string): ProducerShard => shards[chooseShard(group, shards.length)] ?? shards[0];
  const noteCount = noteShardCount(shards[0].client, options);
  const useEach = shards.map(
    ({ client }): UseShard =>
      (act) =>
        client.use(WAIT_MS, act),
  );
  const watch = watchMarker({
    location: options,
    role: "producer",
    marker: options.marker,
    opened: shards[0].client.opened,
    use: (act) => shards[0].client.use(WAIT_MS, act),
    countAccepted: () => countAccepted(useEach),
  });
  // Those that did not answer in time when they were last looked at.
  const silent = new Set<ProducerShard>();

  /** The bounds are those of all shards together, so all are looked at; only the one that is to take the jobs has to answer. */
  const refresh = async (shard: ProducerShard): Promise<void> => {
    const looks = shards.filter((other) => other !== shard).map((other) => lookAt(other));
    await Promise.all([shard.book.refresh(), ...looks]);
  };
  const lookAt = async (shard: ProducerShard): Promise<void> => {
    const isWaitedFor = !silent.has(shard);
    const looked = shard.book
      .refresh()
      .catch(() => false)
      .then((hasAnswered) => void (hasAnswered ? silent.delete(shard) : silent.add(shard)));
    if (isWaitedFor)
      await within(looked, LOOK_TIMEOUT_MS, () => new Error("late")).catch(() => void silent.add(shard));
  };
  const currentLoad = (shard: ProducerShard): KnownLoad => {
    const own = shard.book.current();
    if (shards.length === 1) return own;
    const others = shards.filter((other) => other !== shard).map(({ book }) => book.current());
    return sumLoads(own, others);
  };
  const requireRoom = (shard: ProducerShard, byOrg: ReadonlyMap<string, Amount>): void => {
    const passed = findPassedBound(currentLoad(shard), byOrg, bounds);
    if (passed === undefined) return;
    refused[passed.bound] += 1;
    throw refuseFull(passed);
  };
  const put = async (
    shard: ProducerShard,
    jobs: readonly NewJob[],
    { counts }: { readonly counts: boolean },
  ): Promise<void> => {
    noteCount();
    await refresh(shard);
    // Nothing is waited for between this look and the note of what is put in.
    if (counts) requireRoom(shard, sumByOrg(jobs));
    await shard.add(jobs, { counts });
  };
  const roomFor = (shard: ProducerShard, orgId: string): QueueRoom => {
    const { roomyShare: share } = traitsOf(options);
    const load = currentLoad(shard);
    const isRoomy =
      load.bytes < bounds.maxBytes * share && load.of(orgId).bytes < bounds.maxBytesPerOrg * share;
    return isRoomy ? "roomy" : "tight";
  };
  const add = async (name: JobName, bodies: readonly BodyToEnqueue[]): Promise<void> => {
    const [first] = bodies;
    if (first === undefined) return;
    const shard = shardOf(first.group ?? first.receipt);
    await watch.require();
    // Before they are deflated: of a full queue it is known already.
    await refresh(shard);
    requireRoom(shard, countByOrg(bodies));
    const jobs: NewJob[] = [];
    const splits: SplitBody[] = [];
    let isIn = false;
    try {
      // One after the other: of many bodies, one is there twice at a time.
      for (const body of bodies) {
        const split = shard.lists?.split(body);
        if (split !== undefined) splits.push(split);
        jobs.push(await writeJob(name, body, roomFor(shard, body.orgId), split));
      }
      await put(shard, jobs, { counts: true });
      isIn = true;
    } finally {
      for (const split of splits) split.end(isIn);
      shard.dropForgottenLists();
    }
  };

  return {
    enqueue: (turns) => add(INGEST_TURN, turns),
    enqueueEvents: (posts) => add(INGEST_EVENTS, posts),
    async replay(orgId, receipt, job) {
      await watch.require();
      const jobId = jobIdOf(orgId, receipt);
      // Of the session nothing is known here; the same shard every time, so that a second replay finds the first one's job.
      await put(shardOf(jobId), [reviveJob(jobId, orgId, job, Date.now())], { counts: false });
    },
    refusals: () => ({ ...refused }),
    async ping() {
      await Promise.any(
        shards.map(({ client }) => client.use(WAIT_MS, ({ backend }) => backend.ping())),
      ).catch((error: unknown) => {
        throw firstOf(error);
      });
      await watch.check();
    },
    async close() {
      watch.close();
      await Promise.all(shards.map(({ client }) => client.close()));
    },
  };
}

/** What the first of all that failed has failed with. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error;
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
