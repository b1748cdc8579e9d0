import type { EventFilter, EventQuery, WaitOptions } from "@turnpike/domain/event-store";
import { connectDatabase } from "./connect.ts";
import { createFollower } from "./follow/follower.ts";
import { readLatest } from "./follow/read-latest.ts";
import { createSessionWatch, type SessionNews } from "./follow/session-watch.ts";
import { findReceipt } from "./read/find-receipt.ts";
import { getLatestSequence, getSession } from "./read/get-session.ts";
import { getNode } from "./read/get-node.ts";
import { getTree } from "./read/get-tree.ts";
import { getTurn } from "./read/get-turn.ts";
import { listAncestry } from "./read/list-ancestry.ts";
import { listSessions, type ListSessionsQuery } from "./read/list-sessions.ts";
import { listTurns } from "./read/list-turns.ts";
import { toReadDatabase } from "./read/read-database.ts";
import { type NumberedQuery, readNumberedPage } from "./read/read-numbered-page.ts";
import { readEvents } from "./read/read-events.ts";
import { readStats } from "./read/read-stats.ts";
import { translateError } from "./translate-error.ts";

/** Every query that a reader may ask, each bound to one org. Reads only. */
export type PostgresReader = ReturnType<typeof createPostgresReader>;

const CLOSE_TIMEOUT_S = 5;

/** Open a pool for reading. No connection is made before the first call; a lost one is made again at the next. */
export function createPostgresReader(options: { readonly url: string; readonly maxConnections: number }) {
  const pool = connectDatabase({ ...options, name: "turnpike-timeline" });
  const db = toReadDatabase(pool);
  const readPage = (orgId: string, sessionId: string, query: EventQuery) =>
    ours(readEvents(db, orgId, sessionId, query));
  const watch = createSessionWatch((sessions) => readLatest(db, sessions));
  const follower = createFollower(readPage, watch);
  return {
    listSessions: (orgId: string, query: ListSessionsQuery) => ours(listSessions(db, orgId, query)),
    getSession: (orgId: string, sessionId: string) => ours(getSession(db, orgId, sessionId)),
    getLatestSequence: (orgId: string, sessionId: string) => ours(getLatestSequence(db, orgId, sessionId)),
    listTurns: (orgId: string, sessionId: string, query: { after: number; limit: number }) =>
      ours(listTurns(db, orgId, sessionId, query)),
    getTurn: (orgId: string, sessionId: string, turnId: string) =>
      ours(getTurn(db, orgId, sessionId, turnId)),
    getTree: (orgId: string, sessionId: string) => ours(getTree(db, orgId, sessionId)),
    getNode: (orgId: string, hash: string) => ours(getNode(db, orgId, hash)),
    listAncestry: (orgId: string, hash: string, query: { limit: number; cursor?: string | undefined }) =>
      ours(listAncestry(db, orgId, hash, query)),
    readStats: (orgId: string, span: { since: string; until: string }) => ours(readStats(db, orgId, span)),
    findReceipt: (orgId: string, receipt: string) => ours(findReceipt(db, orgId, receipt)),
    /** Undefined when there is no such session; so are the next three. */
    readEvents: readPage,
    readNumberedPage: (orgId: string, sessionId: string, query: NumberedQuery) =>
      ours(readNumberedPage(db, orgId, sessionId, query)),
    /** Hold until a page has events, or the time is up. */
    waitForEvents: (orgId: string, sessionId: string, query: EventQuery, wait: WaitOptions) =>
      follower.waitForPage(orgId, sessionId, query, wait),
    /** Give pages as they come to be, none of them empty. */
    followEvents: (orgId: string, sessionId: string, filter: EventFilter, signal: AbortSignal) =>
      follower.pages(orgId, sessionId, filter, signal),
    /** Take word that sessions have new events: whoever waits for them reads at once. */
    hear: (news: readonly SessionNews[]) => watch.hear(news),
    ping: () => ours(pool`SELECT 1`.then(() => {})),
    async close() {
      watch.close();
      await pool.end({ timeout: CLOSE_TIMEOUT_S });
    },
  };
}

async function ours<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw translateError(error);
  }
}
