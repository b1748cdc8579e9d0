/** Tells where a turn is that has no row yet: waiting or running, or dead. */
import type { Log } from "@turnpike/domain/ports";
import type { Queue } from "bullmq";
import type { QueueLocation } from "./backend.ts";
import { jobIdOf } from "./catalog.ts";
import { createQueueClient, WAIT_MS } from "./queue-client.ts";

/** What the queue knows of a receipt. */
export type QueuedReceipt =
  | { readonly state: "queued" }
  | { readonly state: "dead"; readonly reason: string; readonly attempts: number };

/** Reads receipts from the queue. */
export interface ReceiptFinder {
  /**
   * Undefined when the queue holds no such job (any more) for this org.
   * @throws AppError `queue_unavailable`.
   */
  findReceipt(orgId: string, receipt: string): Promise<QueuedReceipt | undefined>;
  close(): Promise<void>;
}

/** Connect in the background. */
export function createReceiptFinder(location: QueueLocation & { readonly log: Log }): ReceiptFinder {
  const client = createQueueClient(location);
  return {
    findReceipt: (orgId, receipt) =>
      client.use(WAIT_MS, ({ queue }) => readState(queue, jobIdOf(orgId, receipt))),
    close: () => client.close(),
  };
}

async function readState(queue: Queue, jobId: string): Promise<QueuedReceipt | undefined> {
  // The state alone: loading the job would load its body.
  const state = await queue.getJobState(jobId);
  if (state === "unknown" || state === "completed") return undefined;
  if (state !== "failed") return { state: "queued" };
  const job = await queue.getJob(jobId);
  return { state: "dead", reason: job?.failedReason ?? "unknown", attempts: job?.attemptsMade ?? 0 };
}
