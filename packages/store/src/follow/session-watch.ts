/**
 * Tells waiters that a session has new events. It learns so from wake-ups, and at the latest from a re-check of all watched
 * sessions in one query: a lost wake-up costs delay, never an event. Idle waiters cost that one query, however many they are.
 *
 * A wake-up is a claim: it may be stale, or forged. What the database says counts, also when it is less. The first claim
 * makes its readers look at once. If they find less than it claimed the session is in doubt: from then on its claims are looked up
 * first, all such sessions in one query and at most every 50 ms, and only news wake readers; until a claim proves true.
 */
import {
  ask,
  createEntry,
  type Entry,
  hearAnswer,
  hearClaim,
  hearLatest,
  isSuspect,
  waitOn,
  type WatchedSession,
} from "./watched-entry.ts";

/** Word that a session's events reach up to a number. */
export interface SessionNews extends WatchedSession {
  readonly latestSequence: number;
}

/** One reader's eye on one session. */
export interface SessionWatcher {
  /** Counts what was heard of the session: what is read at one count is at least as new as the last word heard. */
  generation(): number;
  /** Say that the database is being asked; then, what it answered. */
  begin(): (latestSequence: number) => void;
  /** Settles when the session has events above `known`, is gone, the time is up, or the signal aborts. */
  next(known: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
  close(): void;
}

/** Watches sessions for any number of readers. */
export interface SessionWatch {
  /** Watch from before the first read, so that nothing that commits after it goes unheard. */
  open(orgId: string, sessionId: string): SessionWatcher;
  /** Take wake-ups; what is no number of an event, or of a session that nobody watches, is nothing. */
  hear(news: readonly SessionNews[]): void;
  close(): void;
}

/** Reads the latest numbers of sessions; one that is missing in its answer is gone. */
export type ReadLatest = (sessions: readonly WatchedSession[]) => Promise<readonly SessionNews[]>;

const RECHECK_MS = 2_000;

/** Between two look-ups of claims that are in doubt: as long as a reader may wait for an event. */
const VERIFY_MS = 50;

/**
 * Make a watch.
 * @param recheck may answer late, by as much as a replica is behind.
 * @param verify must know everything that was committed before it is asked; `recheck` when absent.
 */
export function createSessionWatch(recheck: ReadLatest, verify: ReadLatest = recheck): SessionWatch {
  const entries = new Map<string, Entry>();
  const suspects = new Set<Entry>();
  let recheckTimer: NodeJS.Timeout | undefined;
  let verifyTimer: NodeJS.Timeout | undefined;
  let verifiedAt = Number.NEGATIVE_INFINITY;
  let isVerifying = false;
  let isClosed = false;

  /** Ask for some sessions, and tell each what was said of it. */
  const look = async (
    asked: readonly Entry[],
    readLatest: ReadLatest,
    tell: (entry: Entry, latest: number | undefined) => void,
  ): Promise<void> => {
    const found = new Map<string, number>();
    for (const { orgId, sessionId, latestSequence } of await readLatest(asked)) {
      found.set(keyOf(orgId, sessionId), latestSequence);
    }
    for (const entry of asked) {
      tell(entry, found.get(keyOf(entry.orgId, entry.sessionId)));
      checkClaim(entry);
    }
  };

  const lookUpClaims = async (): Promise<void> => {
    const questions = new Map([...suspects].filter(isSuspect).map((entry) => [entry, ask(entry)]));
    suspects.clear();
    if (questions.size === 0) return;
    await look([...questions.keys()], verify, (entry, latest) => {
      const question = questions.get(entry);
      if (question !== undefined) hearAnswer(entry, question, latest);
    });
  };

  /** Whatever was heard of a session: somebody may wait for a claim that is in doubt. */
  const checkClaim = (entry: Entry): void => {
    if (!isSuspect(entry)) return;
    suspects.add(entry);
    scheduleVerify();
  };

  // One at a time; when the store is away, the re-check comes in its place.
  const scheduleVerify = (): void => {
    if (isClosed || isVerifying || suspects.size === 0) return;
    isVerifying = true;
    verifyTimer = setTimeout(
      () => {
        void lookUpClaims()
          .catch(() => {})
          .finally(() => {
            isVerifying = false;
            verifiedAt = performance.now();
            scheduleVerify();
          });
      },
      Math.max(0, verifiedAt + VERIFY_MS - performance.now()),
    );
  };

  // One at a time; a store that is away is asked again at the next one.
  const scheduleRecheck = (): void => {
    recheckTimer ??= setTimeout(() => {
      const waited = [...entries.values()].filter((entry) => entry.waiters.size > 0);
      void (waited.length === 0 ? Promise.resolve() : look(waited, recheck, hearLatest))
        .catch(() => {})
        .finally(() => {
          recheckTimer = undefined;
          if (entries.size > 0 && !isClosed) scheduleRecheck();
        });
    }, RECHECK_MS);
  };

  return {
    open(orgId, sessionId) {
      const key = keyOf(orgId, sessionId);
      const entry = entries.get(key) ?? createEntry(orgId, sessionId);
      entries.set(key, entry);
      entry.watchers += 1;
      return {
        generation: () => entry.heardAt,
        begin() {
          const question = ask(entry);
          return (latest) => {
            hearAnswer(entry, question, latest);
            checkClaim(entry);
          };
        },
        next(known, timeoutMs, signal) {
          scheduleRecheck();
          const waiting = waitOn(entry, known, timeoutMs, signal);
          checkClaim(entry);
          return waiting;
        },
        close() {
          entry.watchers -= 1;
          if (entry.watchers === 0) entries.delete(key);
        },
      };
    },
    hear(news) {
      for (const { orgId, sessionId, latestSequence } of news) {
        const entry = entries.get(keyOf(orgId, sessionId));
        if (entry === undefined) continue;
        hearClaim(entry, latestSequence);
        checkClaim(entry);
      }
    },
    close() {
      isClosed = true;
      clearTimeout(recheckTimer);
      clearTimeout(verifyTimer);
      for (const entry of entries.values()) for (const wake of entry.waiters.keys()) wake();
    },
  };
}

function keyOf(orgId: string, sessionId: string): string {
  return `${orgId}/${sessionId}`;
}
