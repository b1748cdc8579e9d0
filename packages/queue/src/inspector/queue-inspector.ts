/** Looks into the queue: where a turn is that has no row yet, what was accepted, how full it is. */
import type { Log } from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "../backend/backend.ts";
import { jobIdOf } from "../job/payload.ts";
import type { FoundJob } from "../backend/backend.ts";
import { findJob } from "./find-job.ts";
import { countAccepted, type UseShard } from "../marker/count-accepted.ts";
import { type MarkerOptions, watchMarker } from "../marker/watch-marker.ts";
import { mergeLoads, mergeSnapshots, type QueueLoad } from "./merge-shards.ts";
import { createQueueClient, type OpenQueue, type QueueClient, WAIT_MS } from "../backend/queue-client.ts";
import type { QueueSnapshot } from "../backend/ledger.ts";
import { listShards } from "../shards/shards.ts";

export type { QueueLoad } from "./merge-shards.ts";
export type { QueueSnapshot } from "../backend/ledger.ts";

// Of a full queue.
const SNAPSHOT_WAIT_MS = 15_000;

/** What the queue knows of a receipt. */
export type QueuedReceipt =
  | { readonly state: "queued"; readonly attempts: number }
  | { readonly state: "dead"; readonly reason: string; readonly attempts: number };

/** Looks into the queue. Each call throws AppError `queue_unavailable` when the queue does not answer, or is not the right one. */
export interface QueueInspector {
  /** Undefined when the queue holds no such job (any more) for this org. */
  findReceipt(orgId: string, receipt: string): Promise<QueuedReceipt | undefined>;
  /** Get what was ever accepted, and every job that is in the queue: one consistent cut through each shard. */
  snapshot(): Promise<QueueSnapshot>;
  load(): Promise<QueueLoad>;
  /** @throws AppError `queue_unavailable` that says why when the queue is not the one of the database; one that is away passes. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Connect in the background. With a marker nothing is said of a queue that is not the one of the database. */
export function createQueueInspector(
  location: QueueLocation & { readonly log: Log; readonly marker?: MarkerOptions },
): QueueInspector {
  const clients = listShards(location).map((shard) => createQueueClient(shard)) as [
    QueueClient,
    ...QueueClient[],
  ];
  const watch = watchMarker({
    location,
    role: "inspector",
    marker: location.marker,
    opened: clients[0].opened,
    use: (act) => clients[0].use(WAIT_MS, act),
    countAccepted: () =>
      countAccepted(
        clients.map(
          (client): UseShard =>
            (act) =>
              client.use(SNAPSHOT_WAIT_MS, act),
        ),
      ),
  });
  const askAll = <T>(timeoutMs: number, question: (opened: OpenQueue) => Promise<T>): Promise<T[]> =>
    Promise.all(clients.map((client) => client.use(timeoutMs, question)));
  return {
    async findReceipt(orgId, receipt) {
      const jobId = jobIdOf(orgId, receipt);
      const find = async (client: QueueClient): Promise<QueuedReceipt> => {
        const found = await client.use(WAIT_MS, async (opened) => describe(await findJob(opened, jobId)));
        if (found === undefined) throw NOT_HERE;
        return found;
      };
      // One shard that has it is enough; that none has it is known only when all have answered.
      return Promise.any(clients.map(find)).catch(async (error: unknown) => {
        const reasons: unknown[] = error instanceof AggregateError ? error.errors : [error];
        const failure = reasons.find((reason) => reason !== NOT_HERE);
        if (failure !== undefined) throw failure;
        // In another queue it may well be.
        await watch.check();
        return undefined;
      });
    },
    check: () => watch.check(),
    async snapshot() {
      await watch.check();
      return mergeSnapshots(await askAll(SNAPSHOT_WAIT_MS, ({ register }) => register.snapshot()));
    },
    async load() {
      await watch.require();
      const loads = await askAll(SNAPSHOT_WAIT_MS, async ({ register }) => {
        const [load, states] = await Promise.all([register.load(), register.states()]);
        return { ...load, ...states };
      });
      return mergeLoads(loads);
    },
    async close() {
      watch.close();
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

const NOT_HERE = new Error("not here");

function describe(job: FoundJob | undefined): QueuedReceipt | undefined {
  if (job === undefined || job.state === "completed") return undefined;
  const { attempts } = job;
  if (job.state !== "failed") return { state: "queued", attempts };
  return { state: "dead", reason: job.failedReason ?? "unknown", attempts };
}
