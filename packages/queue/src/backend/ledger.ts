/**
 * The register of the queue: what was ever accepted, what is in flight, and the payloads that lie beside it. A job, its entry
 * here, its payload and the count of what was accepted come in one step, or none of them. On Postgres triggers keep it; on
 * Redis a job that has left the queue is taken off afterwards (`release`), and what a crash left on it is found by `sweep`.
 */
import type { ReadPayload } from "../job/payload.ts";

/** How full the queue is. Bytes are those of the bodies as they lie in the queue or beside it. */
export interface RegisteredLoad {
  readonly jobs: number;
  readonly bytes: number;
  /** Orgs that have jobs in the queue. */
  readonly byOrg: ReadonlyMap<string, { readonly jobs: number; readonly bytes: number }>;
  /** Of the backend itself, where it is bounded. */
  readonly memory: { readonly usedBytes: number; readonly maxBytes: number } | undefined;
}

/** Where the jobs of the queue stand. */
export interface QueueStates {
  /** BullMQ's states, each with its jobs; one may carry several turns. */
  readonly states: Readonly<Record<string, number>>;
  /** ISO 8601; of the job that has been in the queue for longest. */
  readonly oldestAcceptedAt: string | undefined;
}

/** One consistent cut through the queue. */
export interface QueueSnapshot {
  /** How many jobs were ever accepted, by org. */
  readonly acceptedByOrg: ReadonlyMap<string, number>;
  /** Every job that is in the queue, in whatever state, or was not yet taken off the register. */
  readonly jobIds: readonly string[];
  /** Those of them that BullMQ gave up, see `failed-jobs.ts`. */
  readonly failedIds: readonly string[];
}

/** What a sweep found. All but `checked` are 0 unless a process died or a queue was tampered with. */
export interface SweepResult {
  /** False when another sweep was going on. */
  readonly ran: boolean;
  readonly checked: number;
  /** Entries of jobs that had left the queue. */
  readonly released: number;
  /** Payloads that belonged to no job. */
  readonly orphanPayloads: number;
  /** Jobs that were in the queue without an entry. */
  readonly adopted: number;
}

/** Add up what sweeps of several registers found. */
export function sumSweeps(sweeps: readonly SweepResult[]): SweepResult {
  const sum = (of: (sweep: SweepResult) => number): number =>
    sweeps.reduce((total, sweep) => total + of(sweep), 0);
  return {
    ran: sweeps.some(({ ran }) => ran),
    checked: sum(({ checked }) => checked),
    released: sum(({ released }) => released),
    orphanPayloads: sum(({ orphanPayloads }) => orphanPayloads),
    adopted: sum(({ adopted }) => adopted),
  };
}

/** The register of one queue. Each call fails with the driver's error when the backend is away. */
export interface Register {
  /** Get the payload that lies beside the queue for a job. Those that are asked for at the same moment are read together. */
  readonly readPayload: ReadPayload;
  /** Find the parcel that carries a turn; undefined when it is a job of its own, or not in the queue. */
  findCarrier(jobId: string): Promise<string | undefined>;
  /** List the turns that a parcel carries. Costs time with the number of jobs on Redis: for a parcel that cannot be read. */
  listCarried(parcelId: string): Promise<readonly string[]>;
  /**
   * Take turns that have left the queue off the register, with their payloads; those that are still in the queue, or whose parcel is, stay.
   * Safe to repeat. On Postgres none is on it any more; what they took up is vacuumed now and then, and not waited for.
   * @returns how many were on it.
   */
  release(jobIds: readonly string[]): Promise<number>;
  /**
   * Enter and count jobs that are in the queue without an entry, as an older version puts them in (`mayBeUnregistered`). Safe to
   * repeat while they are in the queue. Nothing to do on Postgres.
   * @returns how many had none.
   */
  adopt(jobIds: readonly string[]): Promise<number>;
  /**
   * Look for what a crash left behind, in bounded steps; one sweep at a time, whoever calls. On Redis what is gone is watched for five
   * seconds first: a release that is under way is none.
   */
  sweep(): Promise<SweepResult>;
  load(): Promise<RegisteredLoad>;
  /** Costs time with the number of jobs. */
  states(): Promise<QueueStates>;
  /** Costs time with the number of jobs. */
  snapshot(): Promise<QueueSnapshot>;
}
