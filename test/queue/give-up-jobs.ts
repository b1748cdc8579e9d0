import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { openBackend } from "@turnpike/queue/backend/open-backend";
import { INGEST_QUEUE } from "@turnpike/queue/job/payload";
import { waitUntil } from "../support/wait-until.ts";

const silent = { info() {}, warn() {}, error() {} };

/** Have every job of a queue without shards given up by BullMQ, as a worker of an older version did that could write no dead letter. */
export async function giveUpJobs(location: QueueLocation, reason: string): Promise<void> {
  const backend = await openBackend(location, "consumer", silent);
  const options = { connection: backend.connection, prefix: location.prefix };
  const worker = new backend.classes.Worker(
    INGEST_QUEUE,
    async () => {
      // BullMQ knows it by its name.
      throw Object.assign(new Error(reason), { name: "UnrecoverableError" });
    },
    options,
  );
  const queue = new backend.classes.Queue(INGEST_QUEUE, options);
  worker.on("error", () => {});
  try {
    await waitUntil(
      async () => {
        const { waiting = 0, active = 0, prioritized = 0 } = await queue.getJobCounts();
        return waiting + active + prioritized === 0;
      },
      { what: "every job was given up" },
    );
  } finally {
    await worker.close();
    await queue.close();
    await backend.close();
  }
}
