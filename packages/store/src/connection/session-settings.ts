/** Bounds that the server keeps for every session of ours, in milliseconds: what takes longer is stuck, and better tried again. */
export const sessionSettings = {
  statement_timeout: 60_000,
  lock_timeout: 15_000,
  // A process that stands still in a transaction holds its session up for all others.
  idle_in_transaction_session_timeout: 20_000,
} as const;

/**
 * How the server plans for every session of ours. A statement of ours takes milliseconds: compiling it first, as a server that can does when
 * it thinks a plan dear, takes a second, in which the deletion of a session keeps all turns of its org waiting.
 */
export const planSettings = { jit: "off" } as const;
