import type { EventFilter, EventQuery, WaitOptions } from "@turnpike/domain/events/event-store";
import { createFollower } from "../follow/follower.ts";
import { createSessionWatch, type SessionNews } from "../follow/session-watch.ts";
import { createReadQueries, type ReadQueries } from "./read-queries.ts";
import { createReplicaQueries, type ReplicaOptions, type ReplicaState } from "../replica/replica-queries.ts";

/** Every query that a reader may ask, each bound to one org. Reads only. */
export type PostgresReader = ReturnType<typeof createPostgresReader>;

const CLOSE_TIMEOUT_S = 5;

/**
 * Open a pool for reading, and one as large to a replica when there is one. A primary is connected with before the first call
 * only for a replica's sake; a lost connection is made again at the next call.
 */
export function createPostgresReader(options: {
  readonly url: string;
  readonly maxConnections: number;
  /** There is none without a URL of it. */
  readonly replica?: (Omit<ReplicaOptions, "url"> & { readonly url: string | undefined }) | undefined;
}) {
  const { url, maxConnections, replica } = options;
  const primary = createReadQueries({ url, maxConnections });
  const overReplica =
    replica?.url === undefined
      ? undefined
      : createReplicaQueries({
          primary,
          primaryUrl: url,
          maxConnections,
          replica: { ...replica, url: replica.url },
        });
  const queries: Omit<ReadQueries, "close"> = overReplica ?? primary;
  const watch = createSessionWatch(queries.readLatest, overReplica?.verifyLatest ?? primary.readLatest);
  const follower = createFollower(queries.readEvents, watch);
  return {
    listSessions: queries.listSessions,
    getSession: queries.getSession,
    getLatestSequence: queries.getLatestSequence,
    listTurns: queries.listTurns,
    getTurn: queries.getTurn,
    getTree: queries.getTree,
    getNode: queries.getNode,
    readContents: queries.readContents,
    readContent: queries.readContent,
    listAncestry: queries.listAncestry,
    readStats: queries.readStats,
    findReceipt: queries.findReceipt,
    /** Undefined when there is no such session; so are the next four. */
    readEvents: queries.readEvents,
    listPlainEvents: queries.listPlainEvents,
    readNumberedPage: queries.readNumberedPage,
    /** Hold until a page has events, or the time is up. */
    waitForEvents: (orgId: string, sessionId: string, query: EventQuery, wait: WaitOptions) =>
      follower.waitForPage(orgId, sessionId, query, wait),
    /** Give pages as they come to be, none of them empty. */
    followEvents: (orgId: string, sessionId: string, filter: EventFilter, signal: AbortSignal) =>
      follower.pages(orgId, sessionId, filter, signal),
    /** Take word that sessions have new events: whoever waits for them reads at once. */
    hear(news: readonly SessionNews[]) {
      // First, so that those who are woken are not answered by a replica that has not got it yet.
      overReplica?.hear(news);
      watch.hear(news);
    },
    /** Take word that something of an org was edited: whoever reads it next sees that. */
    noteEdit: (orgId: string) => overReplica?.noteEdit(orgId),
    /** Undefined without a replica. */
    replicaState: (): ReplicaState | undefined => overReplica?.state(),
    /** Of the primary: without a replica everything goes on. */
    ping: queries.ping,
    async close() {
      watch.close();
      await Promise.all([overReplica?.close(), primary.close(CLOSE_TIMEOUT_S)]);
    },
  };
}
