/** Puts jobs into one shard of the queue. A producer is made of these. */
import type { Log } from "@turnpike/domain/ports/ports";
import { AppError } from "@turnpike/domain/errors";
import { createAddLine } from "./fair-batcher.ts";
import type { QueueLocation } from "../backend/backend.ts";
import { traitsOf } from "../backend/open-backend.ts";
import type { NewJob } from "../job/payload.ts";
import { packParcels, sendAlone } from "../job/job-batch.ts";
import { type Amount, createLoadBook, type LoadBook } from "./queue-load.ts";
import { placeJobs } from "./assign-priority.ts";
import { createQueueClient, type QueueClient, WAIT_MS } from "../backend/queue-client.ts";
import { createSharedLists, type SharedLists } from "../backend/postgres/prefix-index.ts";

const MIB = 2 ** 20;
// Fewer are not worth a statement.
const LISTS_PER_DROP = 50;
// A large body takes its time also when the queue is well.
const WAIT_MS_PER_MIB = 200;
// Few enough that nobody else waits long for the backend, many enough that a group costs less than its jobs one by one.
const GROUPS = {
  lanes: 4,
  patienceMs: 50,
  maxJobs: 64,
  maxBytes: MIB,
  maxWaitMs: 3_000,
} as const;

/** The producing side of one shard. */
export interface ProducerShard {
  readonly client: QueueClient;
  /** How full it is. */
  readonly book: LoadBook;
  /** What lies in the database already of conversations; undefined on Redis, which has bodies in one piece. */
  readonly lists: SharedLists | undefined;
  /**
   * Put jobs in, all or none; the look at the book before it has to be of the same tick.
   * @throws AppError `queue_unavailable`.
   */
  add(jobs: readonly NewJob[], options: { readonly counts: boolean }): Promise<void>;
  /** Take lists out of the database that were forgotten, now and then. Not waited for; what it leaves, a sweep finds. */
  dropForgottenLists(): void;
}

/** Connect in the background; until that has worked, and whenever the shard is away, calls fail within seconds. */
export function createProducerShard(location: QueueLocation & { readonly log: Log }): ProducerShard {
  const client = createQueueClient(location);
  const book = createLoadBook(() => client.use(WAIT_MS, ({ register }) => register.load()));
  const { restMs, sharesLists } = traitsOf(location);
  const line = createAddLine({
    ...GROUPS,
    restMs,
    add(jobs, counts) {
      const sizeMib = jobs.reduce((sum, job) => sum + job.bytes, 0) / MIB;
      return client.use(WAIT_MS + sizeMib * WAIT_MS_PER_MIB, ({ backend, queue }, signal) =>
        backend.addJobs(queue, location.prefix, counts ? packParcels(jobs) : jobs.map(sendAlone), {
          counts,
          signal,
        }),
      );
    },
    late: () => new AppError("queue_unavailable", "the queue is busy: try again"),
  });
  const lists = sharesLists ? createSharedLists() : undefined;
  return {
    client,
    book,
    lists,
    async add(jobs, { counts }) {
      const placed = placeJobs(jobs, book.current());
      const end = book.begin(sumByOrg(jobs));
      let isIn = false;
      try {
        await line.add(jobs[0]?.orgId ?? "", placed, counts);
        isIn = true;
      } finally {
        end(isIn);
      }
    },
    dropForgottenLists() {
      const forgotten = lists?.takeForgotten(LISTS_PER_DROP) ?? [];
      if (forgotten.length === 0) return;
      client.use(WAIT_MS, ({ backend }) => backend.dropLists(forgotten)).catch(() => {});
    },
  };
}

/** Add up what jobs bring, by org. */
export function sumByOrg(jobs: readonly Pick<NewJob, "orgId" | "bytes">[]): Map<string, Amount> {
  const byOrg = new Map<string, Amount>();
  for (const { orgId, bytes } of jobs) {
    const sum = byOrg.get(orgId) ?? { jobs: 0, bytes: 0 };
    byOrg.set(orgId, { jobs: sum.jobs + 1, bytes: sum.bytes + bytes });
  }
  return byOrg;
}
