/**
 * Tells waiters that a session has new events. It learns so from wake-ups, and at the latest from a re-check of all watched
 * sessions in one query: a lost wake-up costs delay, never an event. Idle waiters cost that one query, however many they are.
 */

/** A session that is watched. */
export interface WatchedSession {
  readonly orgId: string;
  readonly sessionId: string;
}

/** Word that a session's events reach up to a number. */
export interface SessionNews extends WatchedSession {
  readonly latestSequence: number;
}

/** One reader's eye on one session. */
export interface SessionWatcher {
  /** Counts what was heard of the session: what is read at one count is at least as new as the last word heard. */
  generation(): number;
  /** Settles when the session has events above `known`, is gone, the time is up, or the signal aborts. */
  next(known: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
  close(): void;
}

/** Watches sessions for any number of readers. */
export interface SessionWatch {
  /** Watch from before the first read, so that nothing that commits after it goes unheard. */
  open(orgId: string, sessionId: string): SessionWatcher;
  hear(news: readonly SessionNews[]): void;
  close(): void;
}

interface Entry extends WatchedSession {
  latest: number;
  generation: number;
  watchers: number;
  readonly waiters: Map<() => void, number>;
}

const RECHECK_MS = 2_000;

/**
 * Make a watch.
 * @param readLatest reads the latest numbers of sessions; one that is missing in its answer is gone.
 */
export function createSessionWatch(
  readLatest: (sessions: readonly WatchedSession[]) => Promise<readonly SessionNews[]>,
): SessionWatch {
  const entries = new Map<string, Entry>();
  let timer: NodeJS.Timeout | undefined;

  const heard = (entry: Entry, latest: number): void => {
    if (latest <= entry.latest) return;
    entry.latest = latest;
    entry.generation += 1;
    for (const [wake, known] of entry.waiters) if (known < latest) wake();
  };

  /** Not a number to remember: the session may come back, and whoever waits for it then is to wait. */
  const heardGone = (entry: Entry): void => {
    entry.generation += 1;
    for (const wake of entry.waiters.keys()) wake();
  };

  const recheck = async (): Promise<void> => {
    const waited = [...entries.values()].filter((entry) => entry.waiters.size > 0);
    const found = new Map((await readLatest(waited)).map((news) => [news.sessionId, news.latestSequence]));
    for (const entry of waited) {
      const latest = found.get(entry.sessionId);
      if (latest === undefined) heardGone(entry);
      else heard(entry, latest);
    }
  };

  // One re-check at a time; a store that is away is asked again at the next one.
  const scheduleRecheck = (): void => {
    timer ??= setTimeout(() => {
      void recheck()
        .catch(() => {})
        .finally(() => {
          timer = undefined;
          if (entries.size > 0) scheduleRecheck();
        });
    }, RECHECK_MS);
  };

  return {
    open(orgId, sessionId) {
      const entry = entries.get(sessionId) ?? createEntry(orgId, sessionId);
      entries.set(sessionId, entry);
      entry.watchers += 1;
      return {
        generation: () => entry.generation,
        next(known, timeoutMs, signal) {
          scheduleRecheck();
          return waitOn(entry, known, timeoutMs, signal);
        },
        close() {
          entry.watchers -= 1;
          if (entry.watchers === 0) entries.delete(sessionId);
        },
      };
    },
    hear(news) {
      for (const { sessionId, latestSequence } of news) {
        const entry = entries.get(sessionId);
        if (entry !== undefined) heard(entry, latestSequence);
      }
    },
    close() {
      clearTimeout(timer);
      for (const entry of entries.values()) for (const wake of entry.waiters.keys()) wake();
    },
  };
}

function createEntry(orgId: string, sessionId: string): Entry {
  return { orgId, sessionId, latest: 0, generation: 0, watchers: 0, waiters: new Map() };
}

function waitOn(
  entry: Entry,
  known: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (entry.latest > known || timeoutMs <= 0 || signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      entry.waiters.delete(done);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = Number.isFinite(timeoutMs) ? setTimeout(done, timeoutMs) : undefined;
    entry.waiters.set(done, known);
    signal?.addEventListener("abort", done, { once: true });
  });
}
