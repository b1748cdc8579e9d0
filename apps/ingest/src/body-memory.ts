/**
 * Bounds what the bodies in this process take in memory, whatever comes at once. A body counts from its first byte to its
 * answer; what does not fit is refused at once, unread. Of one org no more than half of the room waits for the queue, so that
 * its turns do not shut out the others when the queue is slow. Made into text and parsed, a body takes several times its size:
 * large ones do so one at a time, small ones as far as a budget of their own reaches, so that neither waits for the other.
 */
import { AppError } from "@turnpike/domain/errors";
import type { BodyHold } from "@turnpike/kit/read-body";
import type { CollectGarbage } from "@turnpike/kit/collect-garbage";
import { createWaitingLine } from "./waiting-line.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

// Whatever its body is, a request takes about this much.
const REQUEST_BYTES = 16 * KIB;
// Below this a body is too small to wait for room.
const SLIGHT_BODY_BYTES = REQUEST_BYTES + 64 * KIB;
/** A body from here on is large. */
const LARGE_BODY_BYTES = MIB;
const SMALL_BODIES_BYTES = 32 * MIB;
// Clients wait longer than this for an answer, and it is long enough for several large bodies.
const MAX_WAIT_MS = 5_000;

// Of large bodies; what is read of them leaves its size as garbage, what is made of them several times that.
const COLLECT_AFTER_BYTES = 16 * MIB;

// Of the room, for the bodies of one org that wait for the queue.
const ORG_SHARE = 1 / 2;

const RETRY_AFTER_SECONDS = 3;

/** What a body may be refused for. */
export type MemoryBound = "inflight_bytes" | "inflight_bytes_per_org";

/** What one body holds. */
export interface BodyRoom extends BodyHold {
  /** Wait until what was read may be made into a text, which takes its size once more and then some. */
  beforeText(): Promise<void>;
  /**
   * What was read is of this org, and waits for the queue from now on.
   * @throws AppError `queue_unavailable` when what waits of this org takes its share already.
   */
  belongTo(orgId: string): void;
  /** The request is answered, or was refused. */
  end(): void;
}

/** The memory for bodies. */
export interface BodyMemory {
  /**
   * Let a request in.
   * @param declaredBytes its Content-Length, NaN when it has none.
   * @throws AppError `queue_unavailable` when there is no room for it.
   */
  enter(declaredBytes: number): BodyRoom;
  /** Bytes that are held. */
  heldBytes(): number;
  /** Count the bodies that were refused since the start, by bound. */
  refusals(): Readonly<Record<MemoryBound, number>>;
}

/** Make the memory of one process. A body that is larger than all of it is let in when it is alone. */
export function createBodyMemory(maxBytes: number, collectGarbage: CollectGarbage): BodyMemory {
  const small = createWaitingLine(SMALL_BODIES_BYTES);
  const large = createWaitingLine(1);
  let heldBytes = 0;
  const heldByOrg = new Map<string, number>();
  const refused: Record<MemoryBound, number> = { inflight_bytes: 0, inflight_bytes_per_org: 0 };
  let largeBytes = 0;
  const refuse = (bound: MemoryBound = "inflight_bytes"): AppError => {
    refused[bound] += 1;
    const what = bound === "inflight_bytes" ? "too much" : "too much of this org";
    return new AppError("queue_unavailable", `${what} is being received: MAX_INFLIGHT_BYTES`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  };
  const collectLarge = (bytes: number): void => {
    largeBytes += bytes;
    if (largeBytes < COLLECT_AFTER_BYTES) return;
    largeBytes = 0;
    collectGarbage();
  };
  const isOver = (ownBytes: number, moreBytes: number): boolean =>
    heldBytes > ownBytes && heldBytes + moreBytes > maxBytes;

  return {
    enter(declaredBytes) {
      let ownBytes = REQUEST_BYTES;
      let leave: (() => void) | undefined;
      let orgId: string | undefined;
      if (isOver(0, Math.max(REQUEST_BYTES, declaredBytes || 0))) throw refuse();
      heldBytes += ownBytes;
      const take = (bytes: number): void => {
        ownBytes += bytes;
        heldBytes += bytes;
      };
      return {
        grow(bytes) {
          if (isOver(ownBytes, bytes)) throw refuse();
          take(bytes);
          if (ownBytes >= LARGE_BODY_BYTES) collectLarge(bytes);
        },
        async beforeText() {
          if (ownBytes < SLIGHT_BODY_BYTES) return;
          const isLarge = ownBytes >= LARGE_BODY_BYTES;
          const line = isLarge ? large : small;
          leave = await line.enter(isLarge ? 1 : ownBytes, MAX_WAIT_MS);
          if (leave === undefined) throw refuse();
          // What was made of the one before is garbage now.
          if (isLarge) collectLarge(ownBytes);
        },
        belongTo(org) {
          const heldOfOrg = heldByOrg.get(org) ?? 0;
          if (heldOfOrg > 0 && heldOfOrg + ownBytes > maxBytes * ORG_SHARE)
            throw refuse("inflight_bytes_per_org");
          heldByOrg.set(org, heldOfOrg + ownBytes);
          orgId = org;
        },
        end() {
          leave?.();
          if (orgId !== undefined) {
            const left = (heldByOrg.get(orgId) ?? 0) - ownBytes;
            if (left > 0) heldByOrg.set(orgId, left);
            else heldByOrg.delete(orgId);
          }
          take(-ownBytes);
        },
      };
    },
    heldBytes: () => heldBytes,
    refusals: () => ({ ...refused }),
  };
}
