/**
 * The jobs: their names and the versioned schema of their payloads. A new version is added beside the old one, which
 * stays readable for as long as jobs of it may be waiting somewhere (a deploy, a dead letter).
 */
import { AppError } from "@turnpike/domain/errors";
import type { AcceptedBody } from "@turnpike/domain/ports";
import { z } from "zod";
import { decodeBody, encodeBody, type EncodedBody } from "./body-codec.ts";

/** The queue that all jobs go through. */
export const INGEST_QUEUE = "ingest";

/** The name of the job that stores one turn. */
export const INGEST_TURN = "ingest-turn";

/** The name of the job that stores one post of lifecycle events. */
export const INGEST_EVENTS = "ingest-events";

const BodyV1 = z.object({
  v: z.literal(1),
  receipt: z.uuid(),
  orgId: z.uuid(),
  requestId: z.string(),
  acceptedAt: z.string(),
  encoding: z.enum(["identity", "deflate"]),
  body: z.string(),
});

/** One line per job: the schema of its payload, in every version that may still lie in a queue. */
const payloads = {
  [INGEST_TURN]: BodyV1,
  [INGEST_EVENTS]: BodyV1,
} as const;

/** The name of a job. */
export type JobName = keyof typeof payloads;

/** A job as it is put into the queue. */
export interface NewJob {
  readonly name: JobName;
  readonly data: z.infer<(typeof payloads)[JobName]>;
}

/** Write an accepted body as a job, in the newest version of its payload. */
export async function writeJob(name: JobName, accepted: AcceptedBody): Promise<NewJob> {
  const { receipt, orgId, requestId, acceptedAt } = accepted;
  const encoded: EncodedBody = await encodeBody(accepted.body);
  return { name, data: { v: 1, receipt, orgId, requestId, acceptedAt, ...encoded } };
}

/**
 * Read a job of any known name and version.
 * @throws AppError `unreadable_job` when it is of none; the message names the field.
 */
export async function readJob(
  name: string,
  data: unknown,
): Promise<{ readonly name: JobName; readonly accepted: AcceptedBody }> {
  if (!isJobName(name))
    throw new AppError("unreadable_job", "unreadable job: of a name that nobody here knows");
  const parsed = payloads[name].safeParse(data);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") ?? "";
    throw new AppError("unreadable_job", `unreadable job payload: ${field || "not an object"}`);
  }
  const { v: _version, encoding, body, ...accepted } = parsed.data;
  return { name, accepted: { ...accepted, body: await decodeBody({ encoding, body }) } };
}

function isJobName(name: string): name is JobName {
  return Object.hasOwn(payloads, name);
}

/** The id of a job: holds the org, so that a receipt can be looked up for its own org only. */
export function jobIdOf(orgId: string, receipt: string): string {
  return `${orgId}_${receipt}`;
}
