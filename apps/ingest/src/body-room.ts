/** How the room for bodies is divided between large and small ones, and among those who send them. */

/** Of the room, what large bodies leave to small ones. */
const SMALL_SHARE = 1 / 4;

/** The room for bodies. */
export interface Room {
  /** Take room, or give it back. */
  take(kind: "small" | "large", bytes: number): void;
  /** Tell whether a small body of so many bytes finds no room for more. */
  isSmallOver(ownBytes: number, moreBytes: number): boolean;
  /** The same of a large one; alone among the large ones it may be larger than the room. */
  isLargeOver(ownBytes: number, moreBytes: number): boolean;
  heldBytes(): number;
}

/** Make an empty room. Small bodies may take all of it, large ones what is not kept for small ones. */
export function createRoom(maxBytes: number): Room {
  const keptBytes = maxBytes * SMALL_SHARE;
  const held = { small: 0, large: 0 };
  return {
    take(kind, bytes) {
      held[kind] += bytes;
    },
    isSmallOver: (ownBytes, moreBytes) =>
      held.small > ownBytes && held.small + moreBytes > maxBytes - Math.min(held.large, maxBytes - keptBytes),
    isLargeOver: (ownBytes, moreBytes) =>
      (held.large > ownBytes || held.small > keptBytes) &&
      held.large + moreBytes > maxBytes - Math.max(held.small, keptBytes),
    heldBytes: () => held.small + held.large,
  };
}

/** What each of many holds, of which none may hold more than a share. */
export interface Shares<T> {
  /** Take some, or give it back. */
  take(holder: T, bytes: number): void;
  /** Tell whether more is too much; what is all that its holder has is never. */
  isOver(holder: T, ownBytes: number, moreBytes: number): boolean;
}

/** Make the shares of holders that have nothing yet. */
export function createShares<T>(maxBytes: number): Shares<T> {
  const held = new Map<T, number>();
  return {
    take(holder, bytes) {
      const left = (held.get(holder) ?? 0) + bytes;
      if (left > 0) held.set(holder, left);
      else held.delete(holder);
    },
    isOver(holder, ownBytes, moreBytes) {
      const bytes = held.get(holder) ?? 0;
      return bytes > ownBytes && bytes + moreBytes > maxBytes;
    },
  };
}
