import type { FoundJob } from "../backend/backend.ts";
import type { OpenQueue } from "../backend/queue-client.ts";

/** Look for the job that a turn is in, without reading what it carries. */
export async function findJob(
  { backend, queue, register }: OpenQueue,
  jobId: string,
): Promise<FoundJob | undefined> {
  const carrier = await register.findCarrier(jobId);
  const found = carrier === undefined ? undefined : await backend.findJob(queue, carrier);
  // It may have left the parcel in between.
  return found ?? backend.findJob(queue, jobId);
}
