import type { FoundJob } from "../backend/backend.ts";
import type { OpenQueue } from "../backend/queue-client.ts";

/** Look for the job that a turn is in, without reading what it carries. */
export async function findJob(opened: OpenQueue, jobId: string): Promise<FoundJob | undefined> {
  const carrier = await opened.register.findCarrier(jobId);
  if (carrier === undefined) return findOne(opened, jobId);
  // It may have left the parcel in between.
  return (await findOne(opened, carrier)) ?? findOne(opened, jobId);
}

function findOne({ backend, queue }: OpenQueue, jobId: string): Promise<FoundJob | undefined> {
  return backend.findJob(queue, jobId);
}
