/**
 * Gives up on bodies that come too slowly, so that nobody holds memory by sending next to nothing. One clock looks at all of them. It counts
 * its own ticks and not the time: while this process is busy it hears of no bytes, and does not tick either.
 */
import { AppError } from "@turnpike/domain/errors";

const KIB = 1024;

const TICK_MS = 1_000;
/** Ticks without a byte. */
const MAX_SILENT_TICKS = 10;
/** Ticks after which it is looked how much has come. */
const WINDOW_TICKS = 10;
/** What a body may hold however slowly it comes. */
const SLIGHT_BYTES = 64 * KIB;
// Of what is held, in a window: any body that comes evenly for 300 s, when requests time out, brings as much.
const MIN_GROWTH_SHARE = 1 / 30;

/** A body that is coming. */
export interface Upload {
  /** Bytes came over the wire. */
  hear(): void;
  /** So many bytes more are held of it. */
  grow(bytes: number): void;
  /** All of it has come, or it was refused. */
  end(): void;
}

/** Looks at all bodies that are coming. */
export interface UploadClock {
  /** @param giveUp called once at most, with AppError `request_timeout`. */
  watch(giveUp: (error: AppError) => void): Upload;
}

interface Watched {
  readonly giveUp: (error: AppError) => void;
  silentTicks: number;
  windowTicks: number;
  heldBytes: number;
  heldBytesBefore: number;
}

/** Make a clock. It ticks while bodies are coming. */
export function createUploadClock(tickMs: number = TICK_MS): UploadClock {
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;

  const tick = (): void => {
    for (const upload of watched) {
      const reason = reasonToGiveUp(upload);
      if (reason === undefined) continue;
      watched.delete(upload);
      upload.giveUp(new AppError("request_timeout", reason));
    }
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return {
    watch(giveUp) {
      const upload: Watched = { giveUp, silentTicks: 0, windowTicks: 0, heldBytes: 0, heldBytesBefore: 0 };
      watched.add(upload);
      // Bytes that have come while this process was busy are heard of before the look.
      timer ??= setInterval(() => setImmediate(tick), tickMs).unref();
      return {
        hear() {
          upload.silentTicks = 0;
        },
        grow(bytes) {
          upload.heldBytes += bytes;
        },
        end() {
          watched.delete(upload);
        },
      };
    },
  };
}

function reasonToGiveUp(upload: Watched): string | undefined {
  upload.silentTicks += 1;
  // The first one may come right after the last byte.
  if (upload.silentTicks > MAX_SILENT_TICKS) return "no byte of the body came for 10 seconds";
  upload.windowTicks += 1;
  if (upload.windowTicks < WINDOW_TICKS) return undefined;
  const { heldBytes, heldBytesBefore } = upload;
  upload.windowTicks = 0;
  upload.heldBytesBefore = heldBytes;
  const isTooSlow = heldBytes > SLIGHT_BYTES && heldBytes - heldBytesBefore < heldBytes * MIN_GROWTH_SHARE;
  return isTooSlow ? "the body comes too slowly for its size" : undefined;
}
