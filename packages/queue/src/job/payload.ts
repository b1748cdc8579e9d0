/**
 * The jobs: their names and the versioned schema of their payloads. A new version is added beside the old one, which
 * stays readable for as long as jobs of it may be waiting somewhere (a deploy, a dead letter).
 */
import { crc32 } from "node:zlib";
import { AppError } from "@turnpike/domain/errors";
import type { AcceptedBody, BodyToEnqueue } from "@turnpike/domain/ports/ports";
import { z } from "zod";
import {
  type BodyEncoding,
  decodeBody,
  type EncodedBody,
  encodeBody,
  inflateText,
  type QueueRoom,
} from "./body-codec.ts";
import type { SplitBody } from "../backend/postgres/prefix-index.ts";

/** The queue that all jobs go through. */
export const INGEST_QUEUE = "ingest";

/** The name of the job that stores one turn. */
export const INGEST_TURN = "ingest-turn";

/** The name of the job that stores one post of lifecycle events. */
export const INGEST_EVENTS = "ingest-events";

const facts = {
  receipt: z.uuid(),
  orgId: z.uuid(),
  requestId: z.string(),
  acceptedAt: z.string(),
};

const BodyV1 = z.object({
  v: z.literal(1),
  ...facts,
  encoding: z.enum(["identity", "deflate"]),
  body: z.string(),
});

// From version 2 on a job is in the register from the moment when it is in the queue, and says how long its body is.
const BodyV2 = z.discriminatedUnion("encoding", [
  z.object({ v: z.literal(2), ...facts, chars: z.int(), encoding: z.literal("identity"), body: z.string() }),
  z.object({ v: z.literal(2), ...facts, chars: z.int(), encoding: z.literal("deflate"), body: z.string() }),
  // The body lies beside the queue, under the job's id.
  z.object({ v: z.literal(2), ...facts, chars: z.int(), encoding: z.literal("beside") }),
]);

// The body always lies beside the queue, under the job's id, as bytes: nobody escapes, parses or copies it on the way.
const BodyV3 = z.object({
  v: z.literal(3),
  ...facts,
  /** Of its UTF-8. */
  bytes: z.int(),
  encoding: z.enum(["identity", "deflate"]),
});

// As version 3, but most of the body lies in a list that several share: the register puts it together, which older versions cannot.
const BodyV4 = BodyV3.extend({
  v: z.literal(4),
  encoding: z.literal("identity"),
  /** Of its UTF-8. */
  crc32: z.int(),
});

const Body = z.discriminatedUnion("v", [BodyV1, BodyV2, BodyV3, BodyV4]);

/** One line per job: the schema of its payload, in every version that may still lie in a queue. */
const payloads = {
  [INGEST_TURN]: Body,
  [INGEST_EVENTS]: Body,
} as const;

/** The name of a job. */
export type JobName = keyof typeof payloads;

/** A job as it is put into the queue. */
export interface NewJob {
  readonly jobId: string;
  readonly orgId: string;
  readonly name: string;
  readonly data: unknown;
  /** What lies beside the queue for it; jobs of older versions, which a replay puts back, may have nothing there. */
  readonly payload: Buffer | undefined;
  /** What of it lies in a list that several share, and not in the payload. */
  readonly share?: JobShare | undefined;
  /** What it takes in the queue's storage, without what every job takes. */
  readonly bytes: number;
  readonly acceptedMs: number;
}

/** The share of a job in a list. */
export interface JobShare extends Pick<SplitBody, "listId" | "lastPart" | "at"> {
  /** What the last part is to hold; undefined when it is there already. */
  readonly part: EncodedBody | undefined;
  /** Of the payload, which is what is left of the body. */
  readonly encoding: BodyEncoding;
}

/** Gets the payload of a job that lies beside the queue. */
export type ReadPayload = (jobId: string) => Promise<Uint8Array | undefined>;

/** Write an accepted body as a job, in the newest version of its payload that it takes. */
export async function writeJob(
  name: JobName,
  { receipt, orgId, requestId, acceptedAt, body }: BodyToEnqueue,
  room: QueueRoom,
  split?: SplitBody,
): Promise<NewJob> {
  const utf8 = typeof body === "string" ? Buffer.from(body) : body;
  const { encoding, payload } = await encodeBody(split?.rest ?? utf8, room);
  const share = split && (await writeShare(split, encoding, room));
  const facts = { receipt, orgId, requestId, acceptedAt, bytes: utf8.length };
  return {
    jobId: jobIdOf(orgId, receipt),
    orgId,
    name,
    data: share ? { v: 4, ...facts, encoding: "identity", crc32: crc32(utf8) } : { v: 3, ...facts, encoding },
    payload,
    share,
    bytes: payload.length + (share?.part?.payload.length ?? 0),
    acceptedMs: Date.parse(acceptedAt),
  };
}

async function writeShare(
  { listId, lastPart, at, part }: SplitBody,
  encoding: BodyEncoding,
  room: QueueRoom,
): Promise<JobShare> {
  return { listId, lastPart, at, part: part && (await encodeBody(part, room)), encoding };
}

/**
 * Read a job of any known name and version.
 * @throws AppError `unreadable_job` when it is of none, or its payload is missing; the message names the field.
 */
export async function readJob(
  name: string,
  data: unknown,
  readPayload: ReadPayload,
): Promise<{ readonly name: JobName; readonly accepted: AcceptedBody }> {
  if (!isJobName(name))
    throw new AppError("unreadable_job", "unreadable job: of a name that nobody here knows");
  const parsed = payloads[name].safeParse(data);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") ?? "";
    throw new AppError("unreadable_job", `unreadable job payload: ${field || "not an object"}`);
  }
  const { receipt, orgId, requestId, acceptedAt } = parsed.data;
  const body = await readBody(parsed.data, readPayload);
  return { name, accepted: { receipt, orgId, requestId, acceptedAt, body } };
}

async function readBody(data: z.infer<typeof Body>, readPayload: ReadPayload): Promise<string | Buffer> {
  if ("body" in data) {
    if (data.encoding === "identity") return data.body;
    return inflateText(Buffer.from(data.body, "base64"));
  }
  const payload = await readPayload(jobIdOf(data.orgId, data.receipt));
  if (payload === undefined)
    throw new AppError("unreadable_job", "unreadable job payload: what lay beside the queue is missing");
  if (data.encoding === "beside") return inflateText(payload);
  if (data.v === 4 && crc32(payload) !== data.crc32)
    throw new AppError("unreadable_job", "unreadable job payload: it is not what was received");
  return decodeBody({ encoding: data.encoding, payload: toBuffer(payload) }, data.bytes);
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Tell whether something lies beside the queue for a job of any version; newer ones than are known here are taken to have it there. */
export function liesBeside(data: unknown): boolean {
  return BesideFacts.safeParse(data).success;
}

const BesideFacts = z.union([
  z.object({ v: z.int().min(3) }),
  z.object({ v: z.literal(2), encoding: z.literal("beside") }),
]);

/** Tell how long the body of a job is, in bytes or UTF-16 units, before it is read; an estimate for jobs of version 1. */
export function bodyLengthOf(data: unknown): number {
  const { bytes, chars, body, encoding } = LengthFacts.safeParse(data).data ?? {};
  const length = bytes ?? chars;
  if (length !== undefined) return length;
  return (body?.length ?? 0) * (encoding === "deflate" ? ESTIMATED_RATIO : 1);
}

// How much longer than its deflated base64 the text of a conversation is.
const ESTIMATED_RATIO = 3;

const LengthFacts = z.object({
  bytes: z.int().min(0).optional(),
  chars: z.int().min(0).optional(),
  body: z.string().optional(),
  encoding: z.string().optional(),
});

/** Tell whether a job may have been put into the queue without its entry in the register: by an older version. */
export function mayBeUnregistered(data: unknown): boolean {
  return !RegisteredFacts.safeParse(data).success;
}

const RegisteredFacts = z.object({ v: z.literal([2, 3, 4]) });

function isJobName(name: string): name is JobName {
  return Object.hasOwn(payloads, name);
}

/** The id of a job: holds the org, so that a receipt can be looked up for its own org only. */
export function jobIdOf(orgId: string, receipt: string): string {
  return `${orgId}_${receipt}`;
}
