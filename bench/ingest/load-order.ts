/** What is to be sent. */
export interface LoadOrder {
  readonly ingestUrl: string;
  /** Names the sessions; a load with a tag that was used before sends duplicates. */
  readonly tag: string;
  readonly sessions: number;
  readonly turnsPerSession: number;
  /** Sessions at a time. */
  readonly concurrency: number;
  /** As fast as it goes when absent. At a rate, sessions of every age are on their way at any time. */
  readonly ratePerSecond?: number;
}

/**
 * How many turns a session of a load has. At a rate the first ones are shorter, each by another length: sessions that begin together
 * grow together, and what is sent in a second would swing between a tenth and twice of what it is on average.
 */
export function turnsOf({ ratePerSecond, concurrency, turnsPerSession }: LoadOrder, session: number): number {
  if (ratePerSecond === undefined || session >= concurrency) return turnsPerSession;
  return Math.ceil(((session + 1) * turnsPerSession) / concurrency);
}

/** How many turns a load has. */
export function countTurns(order: LoadOrder): number {
  return Array.from({ length: order.sessions }, (_unused, session) => turnsOf(order, session)).reduce(
    (sum, turns) => sum + turns,
    0,
  );
}
