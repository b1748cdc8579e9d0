/** What a queue server must do. Everything outside this folder works on these, and never asks which server it is. */
import type { BackendClasses, IQueueBackend, Queue, Worker } from "bullmq";
import type { QueuedJob } from "../job/queued-job.ts";
import type { QueueNotes } from "../marker/queue-note.ts";
import type { Register } from "./ledger.ts";

/** Where the queue lives: on Redis when there is a URL of one, else in the database. */
export interface QueueLocation {
  /** Of a Redis, or of nodes of one cluster with commas between. */
  readonly redisUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  /** Namespace of all keys on Redis; the Postgres backend has a schema of its own, `bullmq`. */
  readonly prefix: string;
  /** Queues on Redis that share the work, see `shards.ts`; one when absent. */
  readonly shards?: number | undefined;
}

/** Whether a client answers fast or not at all, or waits for as long as it takes. */
export type ClientRole = "producer" | "consumer";

/** What holds the jobs. */
export type BackendKind = "redis" | "postgres";

/** What a backend's own file opens: a client that BullMQ takes as it is. */
export interface OpenClient {
  readonly connection: unknown;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** How jobs are put in. */
export interface AddOptions {
  /** Whether they count as accepted: not when they were before. */
  readonly counts: boolean;
  /** Aborts when nobody waits for the end any more: what is not yet durable is not to become it. */
  readonly signal: AbortSignal;
}

/** Whether there is work, for a watchdog. */
export interface Backlog {
  /** A job is there that a worker could take right now; never of a paused queue. */
  readonly isWaiting: boolean;
  /** No job is there that is waiting, running or to be tried again. */
  readonly isEmpty: boolean;
}

/** A job as the queue holds it. */
export interface FoundJob {
  /** BullMQ's. */
  readonly state: string;
  /** Attempts that failed. */
  readonly attempts: number;
  readonly failedReason: string | undefined;
}

/** A job that was given up. */
export interface FailedJob {
  readonly id: string;
  /** As BullMQ keeps it: the error's code, then its message. */
  readonly reason: string;
}

/** What differs from one queue server to the other. Each call fails with the driver's error when the server is away. */
export interface QueueServer {
  /** The server's own clock, in milliseconds since 1970. */
  readServerTime(): Promise<number>;
  /**
   * Put jobs into the queue together with all that the register knows of them; one whose id is in the queue already is left as it is,
   * and not counted again. A turn that was carried by a parcel until now leaves it.
   * @param queue an open queue, or a worker on its own connection.
   * @throws the driver's error, with nothing put in; or when the answer was lost, with all or nothing put in.
   */
  addJobs(
    queue: Queue | Worker,
    prefix: string,
    jobs: readonly QueuedJob[],
    options: AddOptions,
  ): Promise<void>;
  openRegister(prefix: string): Register;
  /**
   * Look at the ends of lists and indexes: the cost does not depend on how many jobs there are.
   * @param dueBefore in milliseconds on the server's clock: a delayed job that was due before it should have been taken.
   */
  readBacklog(prefix: string, dueBefore: number): Promise<Backlog>;
  /** Look for a job, without reading what it carries. */
  findJob(queue: Queue, jobId: string): Promise<FoundJob | undefined>;
  /** List the jobs that BullMQ gave up, those that failed first at the beginning. */
  listFailedJobs(queue: Queue): Promise<FailedJob[]>;
  /**
   * Take lists out that were forgotten by the process that began them; those that payloads still need stay. Nothing to do on Redis.
   * @throws the driver's error, also when a payload has come to need one in this moment: then all stay.
   */
  dropLists(ids: readonly string[]): Promise<void>;
  /** Note in the first shard that producers put jobs into so many, unless a higher number is there. */
  noteShards(firstPrefix: string, shards: number): Promise<void>;
  /** How many shards producers have put jobs into, as noted in the first one; 0 when nobody has noted any. */
  readNotedShards(firstPrefix: string): Promise<number>;
  /** Get at the marker of the queue; of one with shards, in its first shard. */
  openNotes(place: { readonly prefix: string; readonly shards: number }): QueueNotes;
}

/** An open connection to a queue server, with the BullMQ classes bound to it. */
export interface OpenBackend extends OpenClient, QueueServer {
  readonly classes: BackendClasses<IQueueBackend, unknown>;
}
