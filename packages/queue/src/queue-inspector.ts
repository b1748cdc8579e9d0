/** Looks into the queue: where a turn is that has no row yet, what was accepted, how full it is. */
import type { Log } from "@turnpike/domain/ports";
import type { QueueLocation } from "./backend.ts";
import { jobIdOf } from "./catalog.ts";
import { type FoundJob, findJob } from "./find-job.ts";
import { mergeLoads, mergeSnapshots, type QueueLoad } from "./merge-shards.ts";
import { createQueueClient, type OpenQueue, type QueueClient, WAIT_MS } from "./queue-client.ts";
import type { QueueSnapshot } from "./register.ts";
import { listShards } from "./shards.ts";

export type { QueueLoad } from "./merge-shards.ts";
export type { QueueSnapshot } from "./register.ts";

// Of a full queue.
const SNAPSHOT_WAIT_MS = 15_000;

/** What the queue knows of a receipt. */
export type QueuedReceipt =
  | { readonly state: "queued"; readonly attempts: number }
  | { readonly state: "dead"; readonly reason: string; readonly attempts: number };

/** Looks into the queue. Each call throws AppError `queue_unavailable` when the queue does not answer. */
export interface QueueInspector {
  /** Undefined when the queue holds no such job (any more) for this org. */
  findReceipt(orgId: string, receipt: string): Promise<QueuedReceipt | undefined>;
  /** Get what was ever accepted, and every job that is in the queue: one consistent cut through each shard. */
  snapshot(): Promise<QueueSnapshot>;
  load(): Promise<QueueLoad>;
  close(): Promise<void>;
}

/** Connect in the background. */
export function createQueueInspector(location: QueueLocation & { readonly log: Log }): QueueInspector {
  const clients = listShards(location).map((shard) => createQueueClient(shard));
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
      return Promise.any(clients.map(find)).catch((error: unknown) => {
        const reasons: unknown[] = error instanceof AggregateError ? error.errors : [error];
        const failure = reasons.find((reason) => reason !== NOT_HERE);
        if (failure !== undefined) throw failure;
        return undefined;
      });
    },
    async snapshot() {
      return mergeSnapshots(await askAll(SNAPSHOT_WAIT_MS, ({ register }) => register.snapshot()));
    },
    async load() {
      const loads = await askAll(SNAPSHOT_WAIT_MS, async ({ register }) => {
        const [load, states] = await Promise.all([register.load(), register.states()]);
        return { ...load, ...states };
      });
      return mergeLoads(loads);
    },
    async close() {
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
