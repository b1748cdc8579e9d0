/**
 * Waits until a replica has a session's events up to a number. Whoever waits is asked for in one query, however many wait;
 * what a replica has it keeps, so a number that was reached once is not asked for again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionNews } from "../follow/session-watch.ts";
import type { WatchedSession } from "../follow/watched-entry.ts";
import { createRecentMarks } from "./recent-marks.ts";

/** Knows how far one replica is, by session. */
export interface CatchUp {
  /** Take down what an answer of the replica has shown. */
  note(session: WatchedSession, latestSequence: number): void;
  /**
   * Wait until the replica has a session's events up to a number. It is asked at least once.
   * @returns false when the time is up first.
   * @throws what the query throws.
   */
  reach(session: WatchedSession, sequence: number, timeoutMs: number): Promise<boolean>;
}

// A replica in good health is behind by single milliseconds.
const POLL_MS = 10;

/**
 * Make it for one connection to a replica.
 * @param readLatest asks the replica.
 * @param spanMs how long a number is remembered at least.
 */
export function createCatchUp(
  readLatest: (sessions: readonly WatchedSession[]) => Promise<readonly SessionNews[]>,
  spanMs: number,
): CatchUp {
  const reached = createRecentMarks(spanMs);
  let wanted = new Map<string, WatchedSession>();
  let next: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let endedAt = Number.NEGATIVE_INFINITY;

  const askOnce = async (after: Promise<unknown>): Promise<void> => {
    await after;
    const pauseMs = endedAt + POLL_MS - performance.now();
    if (pauseMs > 0) await sleep(pauseMs);
    const sessions = [...wanted.values()];
    wanted = new Map();
    next = undefined;
    try {
      for (const news of await readLatest(sessions)) reached.raise(markOf(news), news.latestSequence);
    } finally {
      endedAt = performance.now();
    }
  };

  /** Join the next query; one is under way at a time. */
  const ask = (session: WatchedSession): Promise<void> => {
    wanted.set(markOf(session), session);
    if (next === undefined) {
      next = askOnce(last);
      last = next.catch(() => {});
    }
    return next;
  };

  return {
    note: (session, latestSequence) => reached.raise(markOf(session), latestSequence),
    async reach(session, sequence, timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      for (let isAsked = false; ; isAsked = true) {
        if (sequence <= (reached.get(markOf(session)) ?? 0)) return true;
        if (isAsked && performance.now() >= deadline) return false;
        await ask(session);
      }
    },
  };
}

/** Under what a session's number is remembered. */
export function markOf({ orgId, sessionId }: WatchedSession): string {
  return `${orgId}/${sessionId}`;
}
