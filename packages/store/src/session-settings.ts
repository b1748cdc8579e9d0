/** Bounds that the server keeps for every session of ours, in milliseconds: what takes longer is stuck, and better tried again. */
export const sessionSettings = {
  statement_timeout: 60_000,
  lock_timeout: 15_000,
  // A process that stands still in a transaction holds its session up for all others.
  idle_in_transaction_session_timeout: 20_000,
} as const;
