/**
 * Inflates zstd by `fzstd`: plain JavaScript, so no install script and no binary per platform, and it inflates block by block, where
 * the WebAssembly builds want whole bodies or leak what a refused stream held. It trusts its input, though: a corrupt table keeps it
 * in a loop for ever, and a few bytes tell it to copy gigabytes. What must stay true: its loops run in threads only, and no body
 * has one for longer than the deadline, whatever its bytes are.
 */
import { once } from "node:events";
import { type ResourceLimits, Worker } from "node:worker_threads";
import { AppError } from "@turnpike/domain/errors";

/** Half of the cores of a small machine; bodies are short, and an idle thread costs memory. */
const MAX_THREADS = 2;

/**
 * All that the blocks of a body may take together, as a limit per block would be paid hundreds of times. 64 MiB of JSON take under
 * a second (2026-11-21), the 256 MiB that can be configured under four; the rest is for busy machines.
 */
const DEADLINE_MS = 10_000;

/** fzstd's objects are few; windows and blocks are outside of this heap, and bounded by the format. */
const RESOURCE_LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 };

/** How many threads there are, and how long a body may have one. */
export interface ZstdThreadOptions {
  /** Default 2. */
  readonly maxThreads?: number;
  /** Of all of a body's blocks, not counting the wait for a thread. Default 10,000. */
  readonly deadlineMs?: number;
}

/** A part of a frame that is complete in itself: a block, with the frame's header before the first, its checksum after the last. */
export interface ZstdPiece {
  readonly bytes: Uint8Array;
  readonly startsFrame: boolean;
  readonly endsFrame: boolean;
}

/** Inflates the frames of one body. */
export interface ZstdInflater {
  /**
   * Inflate the next piece, waiting for a thread if this is the first; a small block may come out with the next one.
   * @throws Error when the piece is corrupt, or the body's time is up; after either, only `close` is of use.
   * @throws AppError `internal` when no thread can be started.
   */
  inflate(piece: ZstdPiece): Promise<readonly Uint8Array[]>;
  /** Let the thread go, to the next body if it is still of use. */
  close(): Promise<void>;
}

/** The threads that all bodies share. */
export interface ZstdThreads {
  /** Make an inflater for one body; close it in any case. Bodies get threads in the order of their first pieces. */
  open(): ZstdInflater;
}

/** Make threads, the first of them when a body needs one. Idle ones stay, and keep no process alive. */
export function createZstdThreads(options: ZstdThreadOptions = {}): ZstdThreads {
  const { maxThreads = MAX_THREADS, deadlineMs = DEADLINE_MS } = options;
  const idle: Worker[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;

  const take = async (): Promise<Worker> => {
    if (taken < maxThreads) taken += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return idle.pop() ?? (await startThread());
    } catch (cause) {
      passOn();
      // Not the body's fault: it must not be refused as corrupt.
      throw new AppError("internal", "no thread for zstd could be started", { cause });
    }
  };

  const passOn = (): void => {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next();
  };

  return {
    open() {
      let thread: Worker | undefined;
      let hasAnswered = true;
      let leftMs = deadlineMs;
      return {
        async inflate(piece) {
          thread ??= await take();
          hasAnswered = false;
          const askedAt = performance.now();
          const answer = await ask(thread, piece, leftMs);
          leftMs -= performance.now() - askedAt;
          hasAnswered = true;
          if ("error" in answer) throw new Error(answer.error);
          return answer.inflated;
        },
        async close() {
          if (thread === undefined) return;
          // One that answered is of use, were it to say that a block is corrupt: no state outlives a frame. A new one takes 30 ms.
          if (hasAnswered) idle.push(thread);
          else await thread.terminate();
          thread = undefined;
          passOn();
        },
      };
    },
  };
}

async function startThread(): Promise<Worker> {
  const thread = new Worker(new URL("./zstd-thread.mjs", import.meta.url), {
    name: "zstd",
    // None of the process's own loaders.
    execArgv: [],
    resourceLimits: RESOURCE_LIMITS,
  });
  // Whoever asks hears of an error. One that comes after the deadline must not end the process.
  thread.on("error", () => undefined);
  await once(thread, "message");
  thread.unref();
  return thread;
}

type Answer = { readonly inflated: readonly Uint8Array[] } | { readonly error: string };

async function ask(thread: Worker, piece: ZstdPiece, leftMs: number): Promise<Answer> {
  const deadline = new AbortController();
  // The thread keeps no process alive; this does, as long as somebody waits for an answer.
  const timer = setTimeout(() => deadline.abort(), Math.max(leftMs, 1));
  // Of a view, all the memory behind it would be sent.
  const bytes = new Uint8Array(piece.bytes);
  try {
    thread.postMessage({ ...piece, bytes }, [bytes.buffer]);
    const [answer] = (await once(thread, "message", { signal: deadline.signal })) as [Answer];
    return answer;
  } catch (cause) {
    throw new Error("the zstd body does not inflate within its time and memory", { cause });
  } finally {
    clearTimeout(timer);
  }
}
