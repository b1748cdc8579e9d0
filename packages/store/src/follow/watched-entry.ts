/**
 * What is known and what is claimed of one watched session. Every claim and every question to the database takes the next
 * tick of one clock: so an answer is known to be newer than the claims before its question, and says nothing of those after it.
 */
/** A session that is watched. */
export interface WatchedSession {
  readonly orgId: string;
  readonly sessionId: string;
}

/** A question to the database. */
export interface Question {
  readonly askedAt: number;
  /** The highest claim that it answers; 0 when there is none. */
  readonly claimed: number;
}

/** One watched session. */
export interface Entry extends WatchedSession {
  /** The clock. */
  now: number;
  /** When the last word came that readers have not heard yet: they may share what was asked since. */
  heardAt: number;
  /** What the database said last. */
  latest: number;
  /** When the question to that answer was put. */
  askedAt: number;
  /** The highest claim that is not answered; 0 when there is none. */
  claimed: number;
  claimedAt: number;
  isDoubted: boolean;
  watchers: number;
  /** Each with what it knows. */
  readonly waiters: Map<() => void, number>;
}

/** Make an entry of which nothing is known. */
export function createEntry(orgId: string, sessionId: string): Entry {
  return {
    orgId,
    sessionId,
    now: 0,
    heardAt: 0,
    latest: 0,
    askedAt: 0,
    claimed: 0,
    claimedAt: 0,
    isDoubted: false,
    watchers: 0,
    waiters: new Map(),
  };
}

/** Note that the database is being asked. */
export function ask(entry: Entry): Question {
  entry.now += 1;
  return { askedAt: entry.now, claimed: entry.claimed };
}

/** Take a wake-up: it wakes those who wait, unless the session is in doubt. */
export function hearClaim(entry: Entry, latest: number): void {
  if (!Number.isSafeInteger(latest) || latest <= entry.latest) return;
  entry.now += 1;
  entry.heardAt = entry.now;
  entry.claimed = Math.max(entry.claimed, latest);
  entry.claimedAt = entry.now;
  if (!entry.isDoubted) wakeBelow(entry, latest);
}

/**
 * Take the database's answer, and with it judge the claims that came before the question. It counts also when it is less than what
 * was known, unless a later question is answered already.
 */
export function hearAnswer(entry: Entry, question: Question, latest: number | undefined): void {
  if (question.askedAt < entry.askedAt) return;
  entry.askedAt = question.askedAt;
  if (question.claimed > 0) entry.isDoubted = question.claimed > (latest ?? 0);
  if (entry.claimedAt < question.askedAt) entry.claimed = 0;
  hearLatest(entry, latest);
  entry.latest = latest ?? 0;
}

/**
 * Take the word of a database that may be behind: it proves no claim wrong.
 * @param latest undefined when the session is gone. That is no number to remember: it may come back, and whoever waits for it
 *   then is to wait.
 */
export function hearLatest(entry: Entry, latest: number | undefined): void {
  if (latest !== undefined && latest <= entry.latest) return;
  entry.now += 1;
  entry.heardAt = entry.now;
  entry.latest = latest ?? 0;
  wakeBelow(entry, latest ?? Number.POSITIVE_INFINITY);
}

/** Whether somebody waits for what was only claimed. */
export function isSuspect(entry: Entry): boolean {
  return entry.isDoubted && entry.claimed > 0 && entry.waiters.size > 0;
}

/** Wait for a session; see `SessionWatcher.next`. */
export function waitOn(
  entry: Entry,
  known: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const hasNews = entry.latest > known || (entry.claimed > known && !entry.isDoubted);
  if (hasNews || timeoutMs <= 0 || signal?.aborted === true) return Promise.resolve();
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

function wakeBelow(entry: Entry, latest: number): void {
  for (const [wake, known] of entry.waiters) if (known < latest) wake();
}
