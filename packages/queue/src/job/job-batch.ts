/**
 * Parcels: jobs that carry several turns of one org. What BullMQ does for a job costs the same for one turn and for many. A parcel
 * carries and does nothing else: each turn keeps its own id, its payload and its entry in the register, and one that cannot
 * be stored with the others becomes a job of its own.
 */
import { randomUUID } from "node:crypto";
import type { Job } from "bullmq";
import { z } from "zod";
import type { PlacedJob, QueuedJob } from "./queued-job.ts";
import { bodyLengthOf, INGEST_TURN, jobIdOf } from "./payload.ts";

/** The name of the job that carries turns. */
export const INGEST_TURNS = "ingest-turns";

const MAX_TURNS = 16;
// A parcel is tried as a whole: what is large is not tried again because of its neighbours.
const MAX_BYTES = 512 * 1_024;
// What a worker makes of it, where turns share a list and little of them lies beside the queue.
const MAX_BODY_BYTES = 2 * 1_024 * 1_024;

// Of any version: what a turn's own payload is made of is for whoever runs it to judge.
const ParcelData = z.object({ turns: z.array(z.unknown()) });

/** A payload of `INGEST_TURN`. */
const CarriedData = z.looseObject({ orgId: z.uuid(), receipt: z.uuid() });

/** A turn that is carried, as the job that it would be by itself. */
export interface CarriedJob {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
}

/** Put turns that may travel together into parcels; their order stays, but for what is put aside for another org. */
export function packParcels(jobs: readonly PlacedJob[]): QueuedJob[] {
  const open = new Map<string, Parcel>();
  const parcels: PlacedJob[][] = [];
  for (const job of jobs) {
    const place = job.name === INGEST_TURN ? `${job.orgId} ${job.priority}` : job.jobId;
    const bodyBytes = job.share === undefined ? job.bytes : bodyLengthOf(job.data);
    const parcel = open.get(place);
    if (parcel !== undefined && hasRoom(parcel, job.bytes, bodyBytes)) {
      parcel.turns.push(job);
      parcel.bytes += job.bytes;
      parcel.bodyBytes += bodyBytes;
      continue;
    }
    const turns = [job];
    open.set(place, { turns, bytes: job.bytes, bodyBytes });
    parcels.push(turns);
  }
  return parcels.map(toQueuedJob);
}

/** Make a job that carries nothing but itself. */
export function sendAlone(job: PlacedJob): QueuedJob {
  return { turns: [job], ...job };
}

/** Make the job that a carried turn becomes when it leaves its parcel; what lies beside the queue for it is there already. */
export function toJobAlone(
  { id, name, data }: CarriedJob,
  parcel: Pick<Job, "priority" | "timestamp">,
): QueuedJob {
  return sendAlone({
    jobId: id,
    orgId: id.slice(0, id.indexOf("_")),
    name,
    data,
    payload: undefined,
    bytes: bodyLengthOf(data),
    acceptedMs: parcel.timestamp,
    priority: parcel.priority,
  });
}

/** List what a parcel carries, as far as it can be read; undefined when the job is none. */
export function unpackParcel(job: {
  readonly name: string;
  readonly data: unknown;
}): CarriedJob[] | undefined {
  if (job.name !== INGEST_TURNS) return undefined;
  const { turns } = ParcelData.safeParse(job.data).data ?? { turns: [] };
  return turns.flatMap((turn) => {
    const { data } = CarriedData.safeParse(turn);
    return data === undefined
      ? []
      : [{ id: jobIdOf(data.orgId, data.receipt), name: INGEST_TURN, data } satisfies CarriedJob];
  });
}

/**
 * Make up a turn of a parcel that cannot be read there, but is known to be carried by it: a job that nobody can read either, so it
 * comes to its end as a dead letter, with all that the parcel said and with what lies beside the queue for the turn.
 */
export function toUnreadableJob(id: string, parcel: unknown): CarriedJob {
  return { id, name: INGEST_TURN, data: { v: 3, parcel } };
}

/** Tell whether all that a parcel says it carries can be read. */
export function isWholeParcel(data: unknown): boolean {
  const parcel = ParcelData.safeParse(data).data;
  return (
    parcel !== undefined &&
    parcel.turns.length > 0 &&
    parcel.turns.every((turn) => CarriedData.safeParse(turn).success)
  );
}

/** Tell whether an id is that of a parcel, whose turns the register knows one by one. */
export function isParcelId(jobId: string): boolean {
  return jobId.includes("_p");
}

interface Parcel {
  readonly turns: PlacedJob[];
  bytes: number;
  bodyBytes: number;
}

function hasRoom(parcel: Parcel, bytes: number, bodyBytes: number): boolean {
  return (
    parcel.turns.length < MAX_TURNS &&
    parcel.bytes + bytes <= MAX_BYTES &&
    parcel.bodyBytes + bodyBytes <= MAX_BODY_BYTES
  );
}

function toQueuedJob(turns: readonly PlacedJob[]): QueuedJob {
  const [first] = turns as [PlacedJob];
  if (turns.length === 1) return sendAlone(first);
  const { orgId, priority, acceptedMs } = first;
  return {
    // Never a receipt's: a turn that leaves the parcel takes its own id, which must be free.
    jobId: `${orgId}_p${randomUUID()}`,
    orgId,
    name: INGEST_TURNS,
    data: { v: 1, turns: turns.map(({ data }) => data) },
    payload: undefined,
    bytes: turns.reduce((sum, { bytes }) => sum + bytes, 0),
    acceptedMs,
    priority,
    turns,
  };
}
