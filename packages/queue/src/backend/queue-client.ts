import { EventEmitter, once } from "node:events";
import type { Log } from "@turnpike/domain/ports/ports";
import { AppError } from "@turnpike/domain/errors";
import type { Queue } from "bullmq";
import type { OpenBackend, QueueLocation } from "./backend.ts";
import { openBackend } from "./open-backend.ts";
import { INGEST_QUEUE } from "../job/payload.ts";
import { keepOpening } from "./retry-open.ts";
import type { Register } from "./ledger.ts";
import { within } from "@turnpike/async/timeout";

// Nobody reads BullMQ's stream of events.
const MAX_STREAM_LENGTH = 100;

/** How long a caller waits for a queue that may be away. */
export const WAIT_MS = 2_000;

const CLOSE_TIMEOUT_MS = 5_000;

/** An open queue and the connection behind it. */
export interface OpenQueue {
  readonly backend: OpenBackend;
  readonly queue: Queue;
  readonly register: Register;
}

/** A queue that may be away at any time, also at the start. */
export interface QueueClient {
  /** Settles when it is open for the first time, or closed before. */
  readonly opened: Promise<unknown>;
  /**
   * Act on the queue; the signal aborts when the time is up, for acts of several steps.
   * @throws AppError `queue_unavailable` when the act fails or is not done within the time.
   */
  use<T>(timeoutMs: number, act: (opened: OpenQueue, signal: AbortSignal) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Connect in the background; until that has worked, and whenever the queue is away, calls fail within seconds. */
export function createQueueClient(location: QueueLocation & { readonly log: Log }): QueueClient {
  const closing = new AbortController();
  const opened = keepOpening(() => openQueue(location), closing.signal, location.log);
  const arrival = new EventEmitter().setMaxListeners(0);
  let current: OpenQueue | undefined;
  opened.then(
    (open) => {
      current = open;
      arrival.emit("open");
    },
    // Given up by a close.
    () => {},
  );
  return {
    opened,
    async use(timeoutMs, act) {
      const late = () => new Error(`no answer within ${Math.round(timeoutMs)} ms`);
      const givenUp = new AbortController();
      try {
        // Whoever waits longer is forgotten, with all that it holds: it is not done later what was refused before.
        if (current === undefined) await once(arrival, "open", { signal: AbortSignal.timeout(WAIT_MS) });
        if (current === undefined) throw late();
        return await within(act(current, givenUp.signal), timeoutMs, late);
      } catch (cause) {
        givenUp.abort();
        throw new AppError("queue_unavailable", "the queue is not available right now: try again", { cause });
      }
    },
    async close() {
      closing.abort();
      // One that is still being opened is closed when it is.
      await within(opened.then(closeQueue), CLOSE_TIMEOUT_MS, () => new Error("late")).catch(() => {});
    },
  };
}

async function closeQueue({ queue, backend }: OpenQueue): Promise<void> {
  await within(queue.close(), WAIT_MS, () => new Error("late")).catch(() => {});
  await backend.close();
}

async function openQueue(location: QueueLocation & { readonly log: Log }): Promise<OpenQueue> {
  const backend = await openBackend(location, "producer", location.log);
  const queue = new backend.classes.Queue(INGEST_QUEUE, {
    connection: backend.connection,
    prefix: location.prefix,
    streams: { events: { maxLen: MAX_STREAM_LENGTH } },
  });
  queue.on("error", (error) => location.log.warn({ reason: error.name }, "queue"));
  try {
    await within(queue.waitUntilReady(), WAIT_MS, () => new Error("the queue did not become ready"));
  } catch (error) {
    await backend.close();
    throw error;
  }
  return { backend, queue: queue as unknown as Queue, register: backend.openRegister(location.prefix) };
}
