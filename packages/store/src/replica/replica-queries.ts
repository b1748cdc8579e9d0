/**
 * The queries of readers over two servers: the replica is asked where its answer cannot be wrong, the primary everywhere
 * else. Wrong is an answer that is older than what the asker knows: a cursor names a number up to which he has seen the
 * session, and what this process has shown or heard of a session may have reached him too. What names no session may be
 * late, by as much as the replica is.
 */
import type { EventQuery } from "@turnpike/domain/events/event-store";
import { isAppError } from "@turnpike/domain/errors";
import type { Log } from "@turnpike/domain/ports/ports";
import type { SessionNews } from "../follow/session-watch.ts";
import type { WatchedSession } from "../follow/watched-entry.ts";
import { createReadQueries, type ReadQueries } from "../read/read-queries.ts";
import { isDescendingQuery } from "../read/events/read-events.ts";
import { databaseCodeOf } from "../connection/translate-error.ts";
import { createCatchUp, markOf } from "./catch-up.ts";
import { createRecentMarks } from "./recent-marks.ts";
import { CHECK_MS, createReplicaLink, PROBE_TIMEOUT_MS } from "./replica-link.ts";

/** How a question was answered: by the replica, or why by the primary. */
export const replicaOutcomes = ["replica", "unused", "behind", "unknown", "edited", "failed"] as const;

/** How a question was answered: by the replica, or why by the primary. */
export type ReplicaOutcome = (typeof replicaOutcomes)[number];

/** What there is to say of a replica. */
export interface ReplicaState {
  readonly isUsed: boolean;
  /** Undefined while it is not known. */
  readonly lagMs: number | undefined;
  /** Questions so far. */
  readonly outcomes: Readonly<Record<ReplicaOutcome, number>>;
}

/** Where the replica is, and how far it may be behind. */
export interface ReplicaOptions {
  readonly url: string;
  /** A replica that is farther behind is not asked at all. */
  readonly maxLagMs: number;
  readonly log: Log;
}

/** The session that a question is about, and up to where the asker has seen it. */
interface Subject {
  readonly sessionId: string;
  readonly seen?: number | undefined;
}

// Below what a person notices; a replica in good health needs a hundredth of it.
const CATCH_UP_MS = 250;

/** Open the queries over a primary, which the caller closes, and a replica. */
export function createReplicaQueries(options: {
  readonly primary: ReadQueries;
  readonly primaryUrl: string;
  readonly maxConnections: number;
  readonly replica: ReplicaOptions;
}) {
  const { primary, maxConnections } = options;
  const { url, maxLagMs, log } = options.replica;
  // What is older than this a replica that is used has for certain; its lag is known with a delay.
  const spanMs = maxLagMs + 2 * (CHECK_MS + PROBE_TIMEOUT_MS);
  const known = createRecentMarks(spanMs);
  // Sessions of which the primary has less than was heard: what is heard of them is not waited for.
  const doubts = createRecentMarks(spanMs);
  const edits = createRecentMarks(spanMs);
  const outcomes: Record<ReplicaOutcome, number> = Object.fromEntries(
    replicaOutcomes.map((outcome) => [outcome, 0]),
  ) as Record<ReplicaOutcome, number>;

  const link = createReplicaLink({
    primaryUrl: options.primaryUrl,
    replicaUrl: url,
    maxLagMs,
    log,
    open: () => {
      const queries = createReadQueries({ url, maxConnections });
      return { queries, catchUp: createCatchUp((sessions) => queries.readLatest(sessions), spanMs) };
    },
    shut: ({ queries }) => queries.close(0),
  });

  /** Ask the replica if it may answer. */
  async function askReplica<T>(
    orgId: string,
    subject: Subject | undefined,
    question: (server: ReadQueries) => Promise<T | undefined>,
  ): Promise<{ outcome: "replica"; answer: T } | { outcome: Exclude<ReplicaOutcome, "replica"> }> {
    const replica = link.current();
    if (replica === undefined) return { outcome: "unused" };
    if (edits.get(orgId) !== undefined) return { outcome: "edited" };
    try {
      if (subject !== undefined) {
        const { sessionId, seen = 0 } = subject;
        const mark = markOf({ orgId, sessionId });
        const least = Math.max(seen, known.get(mark) ?? 0);
        const isHopeless = (link.lagMs() ?? 0) > CATCH_UP_MS || doubts.get(mark) !== undefined;
        const patienceMs = isHopeless ? 0 : CATCH_UP_MS;
        const isReached = await replica.catchUp.reach({ orgId, sessionId }, least, patienceMs);
        if (!isReached) return { outcome: "behind" };
      }
      const answer = await question(replica.queries);
      if (answer === undefined) return { outcome: "unknown" };
      const latest = latestOf(answer);
      if (subject !== undefined && latest > 0) replica.catchUp.note({ orgId, ...subject }, latest);
      return { outcome: "replica", answer };
    } catch (error) {
      if (isAppError(error, "not_found")) return { outcome: "unknown" };
      const failure = failureOf(error);
      if (failure === "of the question") throw error;
      if (failure === "of the server") link.lose();
      return { outcome: "failed" };
    }
  }

  async function ask<T>(
    orgId: string,
    subject: Subject | undefined,
    question: (server: ReadQueries) => Promise<T>,
  ): Promise<T> {
    const asked = await askReplica(orgId, subject, question);
    outcomes[asked.outcome] += 1;
    const since = known.count();
    const answer = asked.outcome === "replica" ? asked.answer : await question(primary);
    const latest = latestOf(answer);
    if (subject !== undefined && latest > 0) {
      const news = { orgId, sessionId: subject.sessionId, latestSequence: latest };
      if (asked.outcome === "replica") hear([news]);
      else believe([news], since);
    }
    return answer;
  }

  const hear = (news: readonly SessionNews[]): void => {
    for (const session of news) known.raise(markOf(session), session.latestSequence);
  };

  /** Take the primary's word over what was heard until it was asked: a wake-up may have claimed too much. */
  const believe = (news: readonly SessionNews[], since: number): void => {
    for (const session of news) {
      const mark = markOf(session);
      if (known.lower(mark, session.latestSequence, since)) doubts.raise(mark, 1);
    }
    hear(news);
  };

  const queries: Omit<ReadQueries, "close"> = {
    listSessions: (orgId, query) => ask(orgId, undefined, (server) => server.listSessions(orgId, query)),
    getSession: (orgId, sessionId) =>
      ask(orgId, { sessionId }, (server) => server.getSession(orgId, sessionId)),
    getLatestSequence: (orgId, sessionId) =>
      ask(orgId, { sessionId }, (server) => server.getLatestSequence(orgId, sessionId)),
    listTurns: (orgId, sessionId, query) =>
      ask(orgId, { sessionId, seen: query.after }, (server) => server.listTurns(orgId, sessionId, query)),
    getTurn: (orgId, sessionId, turnId) =>
      ask(orgId, { sessionId }, (server) => server.getTurn(orgId, sessionId, turnId)),
    getTree: (orgId, sessionId) => ask(orgId, { sessionId }, (server) => server.getTree(orgId, sessionId)),
    getNode: (orgId, hash) => ask(orgId, undefined, (server) => server.getNode(orgId, hash)),
    readContents: (orgId, hashes) => ask(orgId, undefined, (server) => server.readContents(orgId, hashes)),
    readContent: (orgId, hash, offset) =>
      ask(orgId, undefined, (server) => server.readContent(orgId, hash, offset)),
    listAncestry: (orgId, hash, query) =>
      ask(orgId, undefined, (server) => server.listAncestry(orgId, hash, query)),
    readStats: (orgId, span) => ask(orgId, undefined, (server) => server.readStats(orgId, span)),
    findReceipt: primary.findReceipt,
    readEvents: (orgId, sessionId, query) =>
      ask(orgId, { sessionId, seen: seenBy(query) }, (server) => server.readEvents(orgId, sessionId, query)),
    listPlainEvents: (orgId, sessionId, limit) =>
      ask(orgId, { sessionId }, (server) => server.listPlainEvents(orgId, sessionId, limit)),
    readNumberedPage: (orgId, sessionId, query) =>
      ask(orgId, { sessionId }, (server) => server.readNumberedPage(orgId, sessionId, query)),
    /** A session that the replica does not know may be too new for it. */
    async readLatest(sessions) {
      const replica = link.current();
      const found = replica === undefined ? [] : await replica.queries.readLatest(sessions).catch(() => []);
      const marks = new Set(found.map(markOf));
      const missing = sessions.filter((session) => !marks.has(markOf(session)));
      const latest = [...found, ...(await primary.readLatest(missing))];
      hear(latest);
      return latest;
    },
    ping: primary.ping,
  };
  return {
    ...queries,
    /** The same of the primary alone. */
    verifyLatest: async (sessions: readonly WatchedSession[]) => {
      const since = known.count();
      const latest = await primary.readLatest(sessions);
      believe(latest, since);
      return latest;
    },
    hear,
    /** Say that something of an org was edited: its readers are to see it, so they read what is newest for a while. */
    noteEdit: (orgId: string) => edits.raise(orgId, 1),
    state: (): ReplicaState => ({
      isUsed: link.current() !== undefined,
      lagMs: link.lagMs(),
      outcomes: { ...outcomes },
    }),
    close: () => link.close(),
  };
}

/** Up to where a reader has seen a session, told by where he wants to go on. */
function seenBy(query: EventQuery): number {
  // Upwards, `before` is where he will stop. Downwards it is where he is.
  const above = isDescendingQuery(query) ? (query.before ?? 1) - 1 : 0;
  return Math.max(query.after ?? 0, above);
}

/** The session's latest number, where an answer tells it. */
function latestOf(answer: unknown): number {
  if (typeof answer === "number") return answer;
  if (typeof answer !== "object" || answer === null || !("latestSequence" in answer)) return 0;
  return typeof answer.latestSequence === "number" ? answer.latestSequence : 0;
}

function failureOf(error: unknown): "of the server" | "of the query" | "of the question" {
  if (!isAppError(error, "store_unavailable") && !isAppError(error, "store_contention"))
    return "of the question";
  const code = databaseCodeOf(error);
  // Our own time-out: the primary is not to be kept as long.
  if (code === "57014") return "of the question";
  // 40: in the way of the replay; 42: its tables are not migrated yet.
  return /^4[02]/.test(code) ? "of the query" : "of the server";
}
