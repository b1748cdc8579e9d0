/**
 * Bounds what the bodies in this process take in memory, whatever comes at once. A body counts from its first byte to its
 * answer; what does not fit is refused at once, unread. Nobody shuts out the others: large bodies leave room for small ones, one
 * connection has half of the room at most while it is not known whose bodies they are, and so has one org, of what waits for the
 * queue. Small bodies of which the rest does not come make place for new ones. Made into text and parsed, a body takes several
 * times its size: large ones do so one at a time, small ones as far as a budget of their own reaches, so that neither waits for
 * the other.
 */
import { AppError } from "@turnpike/domain/errors";
import type { BodyHold } from "@turnpike/kit/body/read-body";
import type { CollectGarbage } from "@turnpike/kit/process/collect-garbage";
import { createRoom, createShares } from "./body-room.ts";
import { createWaitingLine } from "@turnpike/async/semaphore";

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

// Of the room, for the bodies of one connection, and for those of one org that wait for the queue.
const CONNECTION_SHARE = 1 / 2;
const ORG_SHARE = 1 / 2;

const RETRY_AFTER_SECONDS = 3;

/** What a body may be refused for, and what its client is told of it. */
const bounds = {
  inflight_bytes: "too much is being received: MAX_INFLIGHT_BYTES, of all bodies",
  inflight_bytes_large:
    "too much is being received in large bodies: MAX_INFLIGHT_BYTES, without the quarter that is kept for small ones",
  inflight_bytes_per_connection:
    "too much is being received on this connection: MAX_INFLIGHT_BYTES, the half that one connection may take",
  inflight_bytes_per_org:
    "too much of this org is being received: MAX_INFLIGHT_BYTES, the half that one org may take",
} as const;

/** What a body may be refused for. */
export type MemoryBound = keyof typeof bounds;

/** What one body holds. */
export interface BodyRoom extends Required<BodyHold> {
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
   * @param connection on which it comes, whatever stands for it; clients behind one proxy share an address, but no connection at a time.
   * @throws AppError `queue_unavailable` when there is no room for it.
   */
  enter(declaredBytes: number, connection?: object): BodyRoom;
  /** Bytes that are held. */
  heldBytes(): number;
  /** Count the bodies that were refused since the start, by bound. */
  refusals(): Readonly<Record<MemoryBound, number>>;
}

/** Make the memory of one process. A body that is larger than all of it is let in when it is alone among the large ones. */
export function createBodyMemory(maxBytes: number, collectGarbage: CollectGarbage): BodyMemory {
  const lines = { small: createWaitingLine(SMALL_BODIES_BYTES), large: createWaitingLine(1) };
  const room = createRoom(maxBytes);
  const ofConnections = createShares<object>(maxBytes * CONNECTION_SHARE);
  const ofOrgs = createShares<string>(maxBytes * ORG_SHARE);
  const refused = Object.fromEntries(Object.keys(bounds).map((bound) => [bound, 0])) as Record<
    MemoryBound,
    number
  >;
  // Small ones that have not come whole, the oldest first, each with what lets go of it.
  const incomplete = new Set<() => void>();
  let largeBytes = 0;

  const refuse = (bound: MemoryBound): AppError => {
    refused[bound] += 1;
    return new AppError("queue_unavailable", `${bounds[bound]}; nothing was accepted`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      isPublic: true,
    });
  };
  const collectLarge = (bytes: number): void => {
    largeBytes += bytes;
    if (largeBytes < COLLECT_AFTER_BYTES) return;
    largeBytes = 0;
    collectGarbage();
  };
  /** Whoever sends a few bytes does so at once; who does not is the first to go. */
  const requireSmall = (ownBytes: number, moreBytes: number, own?: () => void): void => {
    while (room.isSmallOver(ownBytes, moreBytes)) {
      const [oldest] = incomplete;
      if (oldest === undefined || oldest === own) throw refuse("inflight_bytes");
      oldest();
    }
  };
  const requireLarge = (ownBytes: number, moreBytes: number): void => {
    if (room.isLargeOver(ownBytes, moreBytes)) throw refuse("inflight_bytes_large");
  };

  return {
    enter(declaredBytes, connection = {}) {
      let ownBytes = 0;
      let isLarge = false;
      let hasEnded = false;
      let letGo: (() => void) | undefined;
      let leave: (() => void) | undefined;
      let orgId: string | undefined;

      const take = (bytes: number): void => {
        room.take(isLarge ? "large" : "small", bytes);
        ofConnections.take(connection, bytes);
        ownBytes += bytes;
      };
      const becomeLarge = (bytes: number): void => {
        requireLarge(0, ownBytes + bytes);
        room.take("small", -ownBytes);
        room.take("large", ownBytes);
        isLarge = true;
        complete();
      };
      const complete = (): void => {
        if (letGo !== undefined) incomplete.delete(letGo);
      };
      const end = (): void => {
        if (hasEnded) return;
        hasEnded = true;
        complete();
        leave?.();
        if (orgId !== undefined) ofOrgs.take(orgId, -ownBytes);
        take(-ownBytes);
      };

      if (declaredBytes + REQUEST_BYTES > SLIGHT_BODY_BYTES) requireLarge(0, declaredBytes);
      if (ofConnections.isOver(connection, 0, Math.max(REQUEST_BYTES, declaredBytes || 0)))
        throw refuse("inflight_bytes_per_connection");
      requireSmall(0, REQUEST_BYTES);
      take(REQUEST_BYTES);
      return {
        begin(giveUp) {
          letGo = () => {
            end();
            giveUp(refuse("inflight_bytes"));
          };
          incomplete.add(letGo);
          return complete;
        },
        grow(bytes) {
          if (hasEnded) return;
          if (bytes > 0) {
            if (ofConnections.isOver(connection, ownBytes, bytes))
              throw refuse("inflight_bytes_per_connection");
            if (isLarge) requireLarge(ownBytes, bytes);
            else if (ownBytes + bytes > SLIGHT_BODY_BYTES) becomeLarge(bytes);
            else requireSmall(ownBytes, bytes, letGo);
          }
          take(bytes);
          if (ownBytes >= LARGE_BODY_BYTES) collectLarge(Math.max(0, bytes));
        },
        async beforeText() {
          if (ownBytes < SLIGHT_BODY_BYTES) return;
          const isAlone = ownBytes >= LARGE_BODY_BYTES;
          leave = await lines[isAlone ? "large" : "small"].enter(isAlone ? 1 : ownBytes, MAX_WAIT_MS);
          if (leave === undefined) throw refuse(isAlone ? "inflight_bytes_large" : "inflight_bytes");
          // What was made of the one before is garbage now.
          if (isAlone) collectLarge(ownBytes);
        },
        belongTo(org) {
          if (ofOrgs.isOver(org, 0, ownBytes)) throw refuse("inflight_bytes_per_org");
          ofOrgs.take(org, ownBytes);
          orgId = org;
        },
        end,
      };
    },
    heldBytes: () => room.heldBytes(),
    refusals: () => ({ ...refused }),
  };
}
