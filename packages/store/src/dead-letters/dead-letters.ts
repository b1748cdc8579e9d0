import type { DeadLetter, DeadLetterStore } from "@turnpike/domain/ports/ports";
import { type ListAuditQuery, listAudit } from "../audit/list-audit.ts";
import { type AuditEntry, writeAudit } from "../audit/write-audit.ts";
import { discardDeadLetters } from "./discard-dead-letters.ts";
import { findDeadLetter, getDeadLetter } from "./get-dead-letter.ts";
import type { LetterFilter } from "./letter-filter.ts";
import type { LetterState } from "./letter-view.ts";
import { listDeadLetters, type ListDeadLettersQuery } from "./list-dead-letters.ts";
import { putDeadLetter } from "./put-dead-letter.ts";
import { replayDeadLetter, type ReplayQueue } from "./replay-dead-letter.ts";
import { type LetterKey, selectDeadLetters } from "./select-dead-letters.ts";
import { surveyDeadLetters } from "./survey-dead-letters.ts";
import { tidyDeadLetters } from "./tidy-dead-letters.ts";
import { readLedgerCounts } from "../ledger/read-ledger-counts.ts";
import { createReadPool } from "../connection/read-pool.ts";
import { createWritePool } from "../connection/write-pool.ts";

/** The dead letters, what was done with them, and the store's side of the ledger. */
export type DeadLetters = ReturnType<typeof createDeadLetters>;

const CLOSE_TIMEOUT_S = 5;

/** Open pools for reading and writing. No connection is made before the first call; a lost one is made again at the next. */
export function createDeadLetters(options: {
  readonly url: string;
  /** Of each of the two pools. */
  readonly maxConnections: number;
  readonly name?: string;
}) {
  const { url, maxConnections, name = "turnpike-dead-letters" } = options;
  const pool = createWritePool({ url, maxConnections, name });
  const reading = createReadPool({ url, maxConnections, name });
  return {
    /** See `DeadLetterStore`. */
    put: (letter: DeadLetter) => putDeadLetter(pool.statement, letter),
    tidy: () => tidyDeadLetters(pool.statement),
    list: (query: ListDeadLettersQuery) => reading.ask((db) => listDeadLetters(db, query)),
    /** Undefined when there is no such letter of the org; so is the next. */
    find: (orgId: string, receipt: string) => reading.ask((db) => findDeadLetter(db, orgId, receipt)),
    get: (orgId: string, receipt: string, maxJobBytes?: number) =>
      reading.ask((db) => getDeadLetter(db, orgId, receipt, maxJobBytes)),
    survey: (filter: LetterFilter) => reading.ask((db) => surveyDeadLetters(db, filter)),
    select: (
      filter: LetterFilter,
      states: readonly LetterState[],
      page: { readonly limit: number; readonly cursor?: string | undefined },
    ) => reading.ask((db) => selectDeadLetters(db, filter, states, page)),
    replay: (queue: ReplayQueue, key: LetterKey) => replayDeadLetter(pool, queue, key),
    discard: (keys: readonly LetterKey[], entry: (discarded: number) => AuditEntry) =>
      discardDeadLetters(pool, keys, entry),
    writeAudit: (entry: AuditEntry) => writeAudit(pool.statement, entry),
    listAudit: (query: ListAuditQuery) => reading.ask((db) => listAudit(db, query)),
    readLedgerCounts: (jobs: readonly LetterKey[], failed?: readonly LetterKey[]) =>
      readLedgerCounts(pool, jobs, failed),
    async close() {
      await Promise.all([pool.close(), reading.close(CLOSE_TIMEOUT_S)]);
    },
  } satisfies DeadLetterStore & Record<string, unknown>;
}
