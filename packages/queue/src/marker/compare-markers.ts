/** Judges whether the queue that a process was given is that of its database, by what both say. Pure. */
import type { DatabaseMarker, QueuePlace } from "@turnpike/domain/ports/queue-marker";
import type { QueueNote } from "./queue-note.ts";

/** Whoever puts turns in may know fewer shards than there are; others would overlook what lies in the rest. */
export type MarkerRole = "producer" | "consumer" | "inspector";

/** Why a queue is not the right one. */
export type MismatchReason =
  | "other_backend"
  | "other_prefix"
  | "other_layout"
  | "fewer_shards"
  | "marker_lost"
  | "other_generation"
  | "other_database"
  | "turns_in_postgres"
  | "never_accepted"
  | "refused";

/** A queue that is not the right one. */
export interface Mismatch {
  readonly state: "mismatch";
  readonly reason: MismatchReason;
  /** In words for an operator: settings and what to do, never an address. */
  readonly detail: string;
}

/** What is known of a queue: whether it fits, or that nobody could be asked yet. */
export type Verdict = Mismatch | { readonly state: "fits" } | { readonly state: "unknown" };

/** What a comparison comes to; `unclaimed` and `unconfirmed` fit once they are written down on both sides. */
export type Finding = Verdict | { readonly state: "unclaimed" } | { readonly state: "unconfirmed" };

/** What is compared. */
export interface Sides {
  readonly configured: QueuePlace;
  readonly role: MarkerRole;
  /** "unknown" when there is no way to ask, or no answer. */
  readonly database: DatabaseMarker | "none" | "unknown";
  readonly queue: QueueNote | "unknown";
  /** The generation that this process has seen in the queue before. */
  readonly known: string | undefined;
}

/** Make a mismatch of a reason. */
export function mismatch(reason: MismatchReason, detail: string): Mismatch {
  return { state: "mismatch", reason, detail };
}

/** Compare what the process was told, what the database says, and what the queue says. */
export function compareMarkers(sides: Sides): Finding {
  const { database, queue } = sides;
  if (database === "unknown")
    return queue === "unknown" ? { state: "unknown" } : judgeQueueAlone(sides, queue);
  if (database === "none") {
    if (queue === "unknown") return { state: "unknown" };
    if (queue.generation === undefined) return { state: "unclaimed" };
    return mismatch(
      "other_database",
      "the queue belongs to another database, or to one that this one has replaced. Give each database a queue of its " +
        `own (QUEUE_PREFIX), or ${ACCEPT}`,
    );
  }
  return judgePlace(sides.configured, database) ?? judgeGeneration(sides, database, queue);
}

const ACCEPT = "run `turnpike queue accept` if it is the right one all the same";

function judgePlace(configured: QueuePlace, database: DatabaseMarker): Mismatch | undefined {
  const since = `(since ${database.writtenAt.slice(0, 10)})`;
  const wait = "Turns that were accepted there wait.";
  if (database.backend === "postgres" && configured.backend === "redis")
    return mismatch(
      "other_backend",
      `the queue of this database is in Postgres ${since}, but REDIS_URL is set. ${wait} Unset REDIS_URL, or ${MOVE}`,
    );
  if (database.backend === "redis" && configured.backend === "postgres")
    return mismatch(
      "other_backend",
      `the queue of this database is on Redis ${since}, but REDIS_URL is not set. ${wait} Set REDIS_URL, or ${MOVE}`,
    );
  if (configured.backend === "postgres") return undefined;
  if (database.prefix !== configured.prefix)
    return mismatch(
      "other_prefix",
      `the queue of this database has another QUEUE_PREFIX ${since}. ${wait} Set it as it was, or ${MOVE}`,
    );
  if ((database.shards === 1) !== (configured.shards === 1))
    return mismatch(
      "other_layout",
      `the queue of this database has ${database.shards === 1 ? "no shards" : "shards"} ${since}, and QUEUE_SHARDS is ` +
        `${configured.shards}: with and without shards are two queues. ${wait} Set QUEUE_SHARDS as it was, or ${MOVE}`,
    );
  return undefined;
}

const MOVE = 'see "Moving the queue" in docs/operations.md';

function judgeGeneration(
  { configured, role }: Sides,
  database: DatabaseMarker,
  queue: QueueNote | "unknown",
): Finding {
  if (queue === "unknown") return { state: "fits" };
  const isHere = queue.generation === database.generation;
  if (!isHere && !database.isConfirmed && isFree(queue, database)) return { state: "unconfirmed" };
  if (queue.generation === undefined)
    return mismatch(
      "marker_lost",
      "the queue does not carry the marker of this database any more: it was emptied, or REDIS_URL names another server. " +
        `Turns that were accepted before may be gone. Put it right, or ${ACCEPT}`,
    );
  if (!isHere)
    return mismatch(
      "other_generation",
      "the queue carries the marker of another database, or an older one of this: two databases share it, or one of " +
        `the two was restored. Give each database a queue of its own (QUEUE_PREFIX), or ${ACCEPT}`,
    );
  const shards = Math.max(database.shards, queue.shards);
  if (role !== "producer" && configured.shards < shards)
    return mismatch(
      "fewer_shards",
      `the queue of this database has ${shards} shards, and QUEUE_SHARDS is ${configured.shards}: what lies in the others ` +
        "is overlooked. Set QUEUE_SHARDS; docs/scaling.md says how to have fewer",
    );
  return database.isConfirmed ? { state: "fits" } : { state: "unconfirmed" };
}

/** Nobody has claimed it, or the database has been told that its marker is to be replaced. */
function isFree(queue: QueueNote, { replaces }: DatabaseMarker): boolean {
  return queue.generation === undefined || queue.generation === replaces;
}

/** Without the database all that can be told is that the queue is not the one it was, or that others say so. */
function judgeQueueAlone({ configured, known }: Sides, queue: QueueNote): Verdict {
  const { generation } = queue;
  if (generation === undefined && queue.hasSibling)
    return mismatch(
      "other_layout",
      `a queue with this QUEUE_PREFIX is in use there ${configured.shards === 1 ? "with" : "without"} shards, and QUEUE_SHARDS ` +
        `is ${configured.shards}: with and without shards are two queues. Set QUEUE_SHARDS as it was, or ${MOVE}`,
    );
  if (known === undefined && generation === undefined && queue.isRefused)
    return mismatch(
      "refused",
      "the queue is not that of the database which workers and timelines use; their /readyz says why",
    );
  if (known === undefined || generation === known) return { state: "fits" };
  if (generation === undefined)
    return mismatch(
      "marker_lost",
      "the queue does not carry its marker any more: it was emptied, or REDIS_URL leads to another server now. " +
        "Put it right; the /readyz of workers says what else can be done",
    );
  if (queue.replaces === known) return { state: "fits" };
  return mismatch(
    "other_generation",
    "the queue carries another marker than before: REDIS_URL leads to another installation's queue now. If that was " +
      "intended, start this process again",
  );
}
