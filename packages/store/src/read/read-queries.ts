import type { EventQuery } from "@turnpike/domain/events/event-store";
import { sql } from "drizzle-orm";
import { readLatest } from "./events/read-latest.ts";
import type { WatchedSession } from "../follow/watched-entry.ts";
import { findReceipt } from "./find-receipt.ts";
import { getNode } from "./turns/get-node.ts";
import { getLatestSequence, getSession } from "./sessions/get-session.ts";
import { getTree } from "./sessions/get-tree.ts";
import { getTurn } from "./turns/get-turn.ts";
import { listAncestry } from "./turns/list-ancestry.ts";
import { listSessions, type ListSessionsQuery } from "./sessions/list-sessions.ts";
import { listTurns } from "./turns/list-turns.ts";
import { readContent, readContents } from "./turns/read-contents.ts";
import { readEvents } from "./events/read-events.ts";
import { type NumberedQuery, readNumberedPage } from "./events/read-numbered-page.ts";
import { createReadPool } from "../connection/read-pool.ts";
import { readStats } from "./sessions/read-stats.ts";

/** The queries of readers, on one server. Each is bound to one org, and each is one answer: nothing waits. */
export type ReadQueries = ReturnType<typeof createReadQueries>;

/** Open a pool to one server. No connection is made before the first call; a lost one is made again at the next. */
export function createReadQueries(options: { readonly url: string; readonly maxConnections: number }) {
  const { ask, close } = createReadPool({ ...options, name: "turnpike-timeline" });
  return {
    listSessions: (orgId: string, query: ListSessionsQuery) => ask((db) => listSessions(db, orgId, query)),
    getSession: (orgId: string, sessionId: string) => ask((db) => getSession(db, orgId, sessionId)),
    getLatestSequence: (orgId: string, sessionId: string) =>
      ask((db) => getLatestSequence(db, orgId, sessionId)),
    listTurns: (orgId: string, sessionId: string, query: { after: number; limit: number }) =>
      ask((db) => listTurns(db, orgId, sessionId, query)),
    getTurn: (orgId: string, sessionId: string, turnId: string) =>
      ask((db) => getTurn(db, orgId, sessionId, turnId)),
    getTree: (orgId: string, sessionId: string) => ask((db) => getTree(db, orgId, sessionId)),
    getNode: (orgId: string, hash: string) => ask((db) => getNode(db, orgId, hash)),
    /** Undefined when there is no such node; so is the next. */
    readContents: (orgId: string, hashes: readonly string[]) => ask((db) => readContents(db, orgId, hashes)),
    readContent: (orgId: string, hash: string, offset: number) =>
      ask((db) => readContent(db, orgId, hash, offset)),
    listAncestry: (orgId: string, hash: string, query: { limit: number; cursor?: string | undefined }) =>
      ask((db) => listAncestry(db, orgId, hash, query)),
    readStats: (orgId: string, span: { since: string; until: string }) =>
      ask((db) => readStats(db, orgId, span)),
    findReceipt: (orgId: string, receipt: string) => ask((db) => findReceipt(db, orgId, receipt)),
    readEvents: (orgId: string, sessionId: string, query: EventQuery) =>
      ask((db) => readEvents(db, orgId, sessionId, query)),
    /** The first events, each of them. */
    listPlainEvents: (orgId: string, sessionId: string, limit: number) =>
      ask((db) => readEvents(db, orgId, sessionId, { limit }, { keepsRows: true })),
    readNumberedPage: (orgId: string, sessionId: string, query: NumberedQuery) =>
      ask((db) => readNumberedPage(db, orgId, sessionId, query)),
    readLatest: (sessions: readonly WatchedSession[]) => ask((db) => readLatest(db, sessions)),
    ping: () =>
      ask(async (db) => {
        await db.execute(sql`SELECT 1`);
      }),
    /** Let queries that run end within the time given; then they fail. */
    close,
  };
}
