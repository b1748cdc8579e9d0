/**
 * Watches whether a queue is that of the database: at the start, whenever its connection was lost, every few seconds, and whenever
 * somebody asks. What is put in or taken out in between costs nothing more.
 */
import { AppError } from "@turnpike/domain/errors";
import type { Log } from "@turnpike/domain/ports/ports";
import type { DatabaseMarkers } from "@turnpike/domain/ports/queue-marker";
import { Redis } from "ioredis";
import { type OpenBackend, type QueueLocation } from "../backend/backend.ts";
import { placeOf } from "../backend/open-backend.ts";
import type { QueueNotes } from "./queue-note.ts";
import { within } from "@turnpike/async/timeout";
import type { MarkerRole, Mismatch, Verdict } from "./compare-markers.ts";
import { judgeQueue } from "./judge-queue.ts";

const LOOK_INTERVAL_MS = 3_000;
// A caller that comes upon a new connection waits for so long for what is found on it; a queue that hangs says so by itself.
const MAX_WAIT_MS = 500;

/** The database's side of the marker, for whoever opens a queue. */
export interface MarkerOptions {
  readonly database: DatabaseMarkers;
  /** Whether this process writes what is missing on either side. */
  readonly mayWrite: boolean;
}

/** What watching takes. */
export interface WatchOptions {
  readonly location: QueueLocation & { readonly log: Log };
  readonly role: MarkerRole;
  readonly marker: MarkerOptions | undefined;
  /** Act on the first shard; rejects when it is away. */
  readonly use: <T>(
    act: (open: { readonly backend: Pick<OpenBackend, "openNotes" | "connection"> }) => Promise<T>,
  ) => Promise<T>;
  /** Of all shards. */
  readonly countAccepted: () => Promise<number>;
  /** Settles when there is a first connection. */
  readonly opened?: Promise<unknown>;
  /** Called when a connection is lost: the next one may lead elsewhere. */
  readonly onLost?: () => void;
  /** Called after each look with what is known then. */
  readonly onLook?: (verdict: Verdict) => void;
}

/** Watches a queue. */
export interface MarkerWatch {
  /** Look now. Never rejects. */
  look(): Promise<Verdict>;
  /**
   * Look now.
   * @throws AppError `queue_unavailable` that says why when the queue is not the right one.
   */
  check(): Promise<void>;
  /**
   * Go by the last look; wait for one only when the connection is new.
   * @throws AppError `queue_unavailable` that says why when the queue is not the right one.
   */
  require(): Promise<void>;
  close(): void;
}

/** Begin to watch. */
export function watchMarker(options: WatchOptions): MarkerWatch {
  const { location, role, marker, use, countAccepted, opened, onLost, onLook } = options;
  const place = placeOf(location);
  const judge = {
    configured: place,
    role,
    database: marker?.database,
    mayWrite: marker?.mayWrite ?? false,
    useNotes: <T>(act: (notes: QueueNotes) => Promise<T>) =>
      use(({ backend }) => {
        hearOf(backend.connection);
        return act(backend.openNotes(place));
      }),
    countAccepted,
  };
  const heardOf = new WeakSet<object>();
  let verdict: Verdict = { state: "unknown" };
  let known: string | undefined;
  let isNew = true;
  let looking: Promise<Verdict> | undefined;
  let isClosed = false;

  const hearOf = (connection: unknown): void => {
    if (!(connection instanceof Redis) || heardOf.has(connection)) return;
    heardOf.add(connection);
    // Whatever comes next may be another server.
    connection.on("close", () => {
      isNew = true;
      onLost?.();
    });
    connection.on("ready", () => void look());
  };
  const look = (): Promise<Verdict> => {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const lookOnce = async (): Promise<Verdict> => {
    isNew = false;
    const { verdict: found, generation, hasDatabase } = await judgeQueue(judge, known);
    if (isClosed) return verdict;
    // What nobody answers is no news; and what the database has not said, a worker does not go by.
    const isNews =
      found.state === "mismatch" || (found.state === "fits" && (hasDatabase || role !== "consumer"));
    if (isNews) {
      if (found.state === "fits") known = generation ?? known;
      tell(location.log, verdict, found);
      verdict = found;
    }
    onLook?.(verdict);
    return verdict;
  };
  const timer = setInterval(() => void look(), LOOK_INTERVAL_MS).unref();
  opened?.then(
    () => {
      isNew = true;
      return look();
    },
    () => {},
  );
  void look();

  return {
    look,
    async check() {
      refuseMismatch(await look());
    },
    async require() {
      if (isNew || (looking !== undefined && verdict.state === "unknown"))
        await within(look(), MAX_WAIT_MS, () => new Error("late")).catch(() => {});
      refuseMismatch(verdict);
    },
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}

/** Say that a queue is not the right one, to whoever asks for something of it. */
function toError({ detail }: Mismatch): AppError {
  const message = `The queue is not the one of this installation, and nothing was done in it: ${detail}.`;
  return new AppError("queue_unavailable", message, { isPublic: true });
}

function refuseMismatch(verdict: Verdict): void {
  if (verdict.state === "mismatch") throw toError(verdict);
}

/** Once when it begins and once when it ends. */
function tell(log: Log, before: Verdict, now: Verdict): void {
  if (now.state === "mismatch" && (before.state !== "mismatch" || before.reason !== now.reason)) {
    const facts = { event: "queue_mismatch", reason: now.reason, detail: now.detail };
    log.error(facts, "the queue does not fit this installation");
  }
  if (now.state === "fits" && before.state === "mismatch")
    log.info({ event: "queue_matches" }, "the queue fits this installation again");
}
