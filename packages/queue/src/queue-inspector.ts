/** Looks into the queue: where a turn is that has no row yet, what was accepted, how full it is. */
import type { Log } from "@turnpike/domain/ports";
import type { QueueLocation } from "./backend.ts";
import { jobIdOf } from "./catalog.ts";
import { type FoundJob, findJob } from "./find-job.ts";
import { createQueueClient, WAIT_MS } from "./queue-client.ts";
import type { QueueSnapshot, QueueStates, RegisteredLoad } from "./register.ts";

export type { QueueSnapshot } from "./register.ts";

// Of a full queue.
const SNAPSHOT_WAIT_MS = 15_000;

/** What the queue knows of a receipt. */
export type QueuedReceipt =
  | { readonly state: "queued"; readonly attempts: number }
  | { readonly state: "dead"; readonly reason: string; readonly attempts: number };

/** How full the queue is, and of what. */
export interface QueueLoad extends RegisteredLoad, QueueStates {}

/** Looks into the queue. Each call throws AppError `queue_unavailable` when the queue does not answer. */
export interface QueueInspector {
  /** Undefined when the queue holds no such job (any more) for this org. */
  findReceipt(orgId: string, receipt: string): Promise<QueuedReceipt | undefined>;
  /** Get one consistent cut: what was ever accepted, and every job that is in the queue. */
  snapshot(): Promise<QueueSnapshot>;
  load(): Promise<QueueLoad>;
  close(): Promise<void>;
}

/** Connect in the background. */
export function createQueueInspector(location: QueueLocation & { readonly log: Log }): QueueInspector {
  const client = createQueueClient(location);
  return {
    findReceipt: (orgId, receipt) =>
      client.use(WAIT_MS, async (opened) => describe(await findJob(opened, jobIdOf(orgId, receipt)))),
    snapshot: () => client.use(SNAPSHOT_WAIT_MS, ({ register }) => register.snapshot()),
    load: () =>
      client.use(SNAPSHOT_WAIT_MS, async ({ register }) => {
        const [load, states] = await Promise.all([register.load(), register.states()]);
        return { ...load, ...states };
      }),
    close: () => client.close(),
  };
}

function describe(job: FoundJob | undefined): QueuedReceipt | undefined {
  if (job === undefined || job.state === "completed") return undefined;
  const { attempts } = job;
  if (job.state !== "failed") return { state: "queued", attempts };
  return { state: "dead", reason: job.failedReason ?? "unknown", attempts };
}
