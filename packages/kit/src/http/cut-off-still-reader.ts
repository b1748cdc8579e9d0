import type { ServerResponse } from "node:http";

// So many looks at a reader until it has been still for too long.
const LOOKS = 5;

/**
 * Cut off whoever takes no byte of an answer for so long; what was written for it would be held for ever. Only an answer that waits to be
 * taken counts: one that is not there yet may take as long as it likes, and who takes little by little gets all of it. Progress is what the
 * reader's system takes over: one whose buffers are full takes nothing until there is room for a good part of them.
 */
export function cutOffStillReader(outgoing: ServerResponse, timeoutMs: number): void {
  const lookMs = Math.ceil(timeoutMs / LOOKS);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let stillSince = 0;

  // Node.js calls it when the connection has done nothing for as long as that: neither was anything read nor written to it,
  // nor did the system take over any of what waits.
  outgoing.setTimeout(lookMs, () => {
    const { socket } = outgoing;
    if (socket === null || socket.destroyed) return;
    const now = performance.now();
    if (socket.writableLength > 0) {
      // A longer gap: it has moved in between.
      if (now - lookedAt > lookMs * 1.5) stillSince = now - lookMs;
      if (now - stillSince >= timeoutMs) {
        // Its system's buffers are of no use to it either.
        socket.resetAndDestroy();
        return;
      }
      lookedAt = now;
    }
    socket.setTimeout(lookMs);
  });
}
