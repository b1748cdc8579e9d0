/**
 * The tables that grow with the turns. The others stay whole: dead letters and acts of people are listed over all orgs, by time;
 * the ledger has a bounded number of rows per org.
 *
 * In the order in which they are locked: transactions of ours that touch several of them touch `sessions` first, so whoever
 * has that one to himself waits for nobody who waits for him.
 */
export const growingTables = ["sessions", "nodes", "turns", "session_events", "runs", "receipts"] as const;
