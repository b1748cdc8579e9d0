/** A job as its dead letter keeps it: JSON of all that it carried, so that it can be put back as it was. */
import { textOfBody } from "@turnpike/domain/json/decode-utf8";
import { AppError } from "@turnpike/domain/errors";
import type { DeadLetter } from "@turnpike/domain/ports/ports";
import { z } from "zod";
import { liesBeside, type NewJob, readJob, type ReadPayload } from "./payload.ts";

const DeadJob = z.object({
  name: z.string(),
  data: z.unknown(),
  /** What lay beside the queue, as base64. */
  payload: z.string().optional(),
});

/** What a dead letter's job carried. */
export interface DeadJobContent {
  readonly name: string;
  /** The accepted body, as text; undefined when no known version of a job fits. */
  readonly body: string | undefined;
  /** The job's payload as it lay in the queue. */
  readonly raw: unknown;
}

/**
 * Write a job down, whatever its payload looks like; not whole when what lay beside the queue is gone.
 * @throws what `readPayload` throws.
 */
export async function writeDeadJob(
  job: { readonly jobId: string; readonly name: string; readonly data: unknown },
  readPayload: ReadPayload,
): Promise<Pick<DeadLetter, "job" | "isWhole">> {
  const { jobId, name, data } = job;
  const isBeside = liesBeside(data);
  const payload = isBeside ? await readPayload(jobId) : undefined;
  const base64 = payload && { payload: Buffer.from(payload).toString("base64") };
  return {
    job: Buffer.from(JSON.stringify({ name, data, ...base64 })),
    isWhole: !isBeside || payload !== undefined,
  };
}

/**
 * Read what a dead letter's job carried, for showing it.
 * @throws AppError `unreadable_job` when the bytes are no dead job at all.
 */
export async function readDeadJob(bytes: Uint8Array): Promise<DeadJobContent> {
  const { name, data, payload } = parse(bytes);
  const body = await readJob(name, data, () => Promise.resolve(decode(payload))).then(
    ({ accepted }) => textOfBody(accepted.body),
    () => undefined,
  );
  return { name, body, raw: data };
}

/**
 * Make the job that puts a dead letter's back into the queue.
 * @throws AppError `unreadable_job` when the bytes are no dead job at all.
 */
export function reviveJob(jobId: string, orgId: string, bytes: Uint8Array, nowMs: number): NewJob {
  const { name, data, payload } = parse(bytes);
  const { acceptedAt } = z.object({ acceptedAt: z.iso.datetime().optional() }).catch({}).parse(data);
  const bodyBytes = Buffer.byteLength(payload ?? JSON.stringify(data ?? null));
  return {
    jobId,
    orgId,
    name,
    data,
    payload: decode(payload),
    bytes: bodyBytes,
    acceptedMs: acceptedAt === undefined ? nowMs : Date.parse(acceptedAt),
  };
}

function decode(payload: string | undefined): Buffer | undefined {
  return payload === undefined ? undefined : Buffer.from(payload, "base64");
}

function parse(bytes: Uint8Array): z.infer<typeof DeadJob> {
  try {
    return DeadJob.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw new AppError("unreadable_job", "unreadable dead letter: its job cannot be read", { cause });
  }
}
