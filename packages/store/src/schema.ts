/**
 * The tables. Every primary and unique key of what is kept begins with `org_id`, so that it can be partitioned or distributed by it.
 * Hashes and ids compare byte by byte (`COLLATE "C"`), whatever the database's locale.
 */
import type { Block } from "@turnpike/domain/providers/block";
import type { ErrorCode } from "@turnpike/domain/errors";
import type { JsonObject } from "@turnpike/domain/json/json";
import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  json,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

/** Text whose order means nothing: compared by bytes, which costs less than a locale's rules. */
const key = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

/** Read as text: a JavaScript date would lose the microseconds. */
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 6, mode: "string" });

const bytes = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });

const xid8 = customType<{ data: string }>({ dataType: () => "xid8" });

const count = (name: string) => bigint(name, { mode: "number" }).notNull().default(0);

// US dollars down to a picodollar: the price of one token of the cheapest model is a whole number of these.
const usd = (name: string) => numeric(name, { precision: 24, scale: 12 });

/** The hash of a text that clients may make longer than an index can hold. Whoever looks by it compares the text as well. */
const textHash = (column: string) => sql.raw(`hashtextextended(${column}, 0)`);

/**
 * Conditions of the indexes that serve lists. The second half always holds, and only the lists state it: so no look-up of
 * one row is ever planned over them. Of an org that is too new for the statistics the planner expects one row, and takes
 * any index that begins with the org.
 */
export const isLive = sql`deleted_at IS NULL AND latest_sequence >= 0`;

/** The same for lists of turns. */
export const isTurn = sql`chain_length > 0`;

/** The same for lists of dead letters. */
export const isLetter = sql`job_bytes >= 0`;

/**
 * One row per session of a harness, with its counters and the number of its latest event. A placeholder (a parent that
 * was named before it sent a turn of its own) has no turns and no subject.
 */
export const sessions = pgTable(
  "sessions",
  {
    orgId: uuid("org_id").notNull(),
    id: uuid("id").notNull(),
    harnessId: key("harness_id").notNull(),
    harnessSessionId: key("harness_session_id").notNull(),
    parentSessionId: uuid("parent_session_id"),
    authSubject: text("auth_subject").notNull().default(""),
    harnessVersion: text("harness_version"),
    cwd: text("cwd"),
    name: text("name"),
    /** Given by a reader; shown instead of the harness's own name. */
    displayName: text("display_name"),
    harnessMetadata: jsonb("harness_metadata").$type<JsonObject>().notNull().default({}),
    turnCount: count("turn_count"),
    unpricedTurnCount: count("unpriced_turn_count"),
    totalInputTokens: count("total_input_tokens"),
    totalOutputTokens: count("total_output_tokens"),
    totalCacheCreationInputTokens: count("total_cache_creation_input_tokens"),
    totalCacheReadInputTokens: count("total_cache_read_input_tokens"),
    totalCostUsd: usd("total_cost_usd").notNull().default("0"),
    latestSequence: count("latest_sequence"),
    latestEventAt: time("latest_event_at"),
    startedAt: time("started_at").notNull().defaultNow(),
    lastSeenAt: time("last_seen_at").notNull().defaultNow(),
    /** Set by an erasure. The row stays, and with it the numbers of its events; a new turn brings the session back. */
    deletedAt: time("deleted_at"),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.id] }),
    unique("sessions_harness_key").on(table.orgId, table.harnessId, table.harnessSessionId),
    // One per order in which sessions are listed, each ending in the id, so that a page is read without sorting.
    index("sessions_by_last_seen").on(table.orgId, table.lastSeenAt, table.id).where(isLive),
    index("sessions_by_start").on(table.orgId, table.startedAt, table.id).where(isLive),
    index("sessions_by_turns").on(table.orgId, table.turnCount, table.id).where(isLive),
    index("sessions_by_cost").on(table.orgId, table.totalCostUsd, table.id).where(isLive),
    index("sessions_by_tokens")
      .on(table.orgId, sql`(total_input_tokens + total_output_tokens)`, table.id)
      .where(isLive),
    index("sessions_by_subject")
      .on(table.orgId, textHash("auth_subject"), table.lastSeenAt, table.id)
      .where(isLive),
    index("sessions_by_parent")
      .on(table.orgId, table.parentSessionId)
      .where(sql`parent_session_id IS NOT NULL`),
  ],
);

/**
 * One row per message of an org, addressed by its content and shared by all sessions of the org. If a node is here, so
 * are all its ancestors: chains are inserted whole, and nothing but a leaf may be deleted.
 * @public the migrations are generated from it
 */
export const nodes = pgTable(
  "nodes",
  {
    orgId: uuid("org_id").notNull(),
    hash: key("hash").notNull(),
    parentHash: key("parent_hash"),
    /** The session that brought the node first; null once it also came outside a session, which outlives every session. */
    sessionId: uuid("session_id"),
    role: text("role").notNull(),
    /** The blocks as received: `json` keeps the order of keys, and nothing queries inside. */
    content: json("content").$type<readonly Block[]>().notNull(),
    provider: text("provider").notNull(),
    agentName: text("agent_name"),
    /** This and the next three are null until the turn whose response this node is has arrived. */
    model: text("model"),
    stopReason: text("stop_reason"),
    inputTokens: bigint("input_tokens", { mode: "number" }),
    outputTokens: bigint("output_tokens", { mode: "number" }),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.hash] }),
    // The org second: else, of a new org, it could be taken for look-ups by hash.
    index("nodes_by_parent").on(table.parentHash, table.orgId),
  ],
);

/** One row per exchange of a session. Its head is its identity within the session: that is what makes a retry a no-op. */
export const turns = pgTable(
  "turns",
  {
    orgId: uuid("org_id").notNull(),
    id: uuid("id").notNull(),
    sessionId: uuid("session_id").notNull(),
    receipt: uuid("receipt").notNull(),
    rootHash: key("root_hash").notNull(),
    headHash: key("head_hash").notNull(),
    chainLength: integer("chain_length").notNull(),
    provider: text("provider").notNull(),
    model: text("model").notNull(),
    agentName: text("agent_name"),
    stopReason: text("stop_reason"),
    inputTokens: count("input_tokens"),
    outputTokens: count("output_tokens"),
    cacheCreationInputTokens: count("cache_creation_input_tokens"),
    cacheReadInputTokens: count("cache_read_input_tokens"),
    costUsd: usd("cost_usd"),
    durationMs: doublePrecision("duration_ms"),
    requestId: text("request_id"),
    upstreamRequestId: text("upstream_request_id"),
    threadId: text("thread_id"),
    occurredAt: time("occurred_at"),
    replacedChars: integer("replaced_chars").notNull().default(0),
    extra: json("extra").$type<JsonObject>(),
    /** The numbers of its first and last event in the session. */
    firstSequence: bigint("first_sequence", { mode: "number" }).notNull(),
    lastSequence: bigint("last_sequence", { mode: "number" }).notNull(),
    createdAt: time("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.id] }),
    // The head before the session: so it also tells which sessions share a head, which an erasure asks.
    unique("turns_head_key").on(table.orgId, table.headHash, table.sessionId),
    unique("turns_sequence_key").on(table.orgId, table.sessionId, table.firstSequence),
    index("turns_by_model").on(textHash("model"), table.orgId, table.sessionId),
    index("turns_by_time").on(table.orgId, table.createdAt).where(isTurn),
  ],
);

/** One row per event of a session, numbered without a gap. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE. */
export const sessionEvents = pgTable(
  "session_events",
  {
    orgId: uuid("org_id").notNull(),
    sessionId: uuid("session_id").notNull(),
    sequence: bigint("sequence", { mode: "number" }).notNull(),
    id: key("id").notNull(),
    eventType: key("event_type").notNull(),
    createdAt: time("created_at").notNull(),
    occurredAt: time("occurred_at"),
    metadata: json("metadata").$type<JsonObject>().notNull(),
    runId: text("run_id"),
    message: text("message"),
    nodeHash: key("node_hash"),
    turnId: uuid("turn_id"),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.sessionId, table.sequence] }),
    unique("session_events_id_key").on(table.orgId, table.sessionId, table.id),
  ],
);

/**
 * The transaction that erases events right now: `redact_session_events` writes its row first and takes it back at the end, so nobody
 * but that transaction ever sees one. The trigger of `session_events` asks for it.
 * @public the migrations are generated from it
 */
export const eventErasures = pgTable("event_erasures", { transaction: xid8("transaction").primaryKey() });

/**
 * One row per run of a session that a harness has named.
 * @public the migrations are generated from it
 */
export const runs = pgTable(
  "runs",
  {
    orgId: uuid("org_id").notNull(),
    sessionId: uuid("session_id").notNull(),
    id: key("id").notNull(),
    metadata: jsonb("metadata").$type<JsonObject>().notNull().default({}),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.sessionId, table.id] })],
);

/** One row per accepted body that has reached its end. Written with what it speaks of; one still queued has none. */
export const receipts = pgTable(
  "receipts",
  {
    orgId: uuid("org_id").notNull(),
    receipt: uuid("receipt").notNull(),
    outcome: text("outcome", { enum: ["stored", "duplicate"] }).notNull(),
    sessionId: uuid("session_id"),
    turnId: uuid("turn_id"),
    /** Null for a post of events: it has no turn either. */
    headHash: key("head_hash"),
    firstSequence: bigint("first_sequence", { mode: "number" }),
    lastSequence: bigint("last_sequence", { mode: "number" }),
    createdAt: time("created_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.receipt] })],
);

/**
 * One row per job that failed for good. What state it is in, is in no column: a letter whose receipt has its row is resolved,
 * whatever else was done to it (`dead-letters/letter-view.ts`).
 */
export const deadLetters = pgTable(
  "dead_letters",
  {
    orgId: uuid("org_id").notNull(),
    receipt: uuid("receipt").notNull(),
    jobName: text("job_name").notNull(),
    code: key("code").$type<ErrorCode>().notNull(),
    reason: text("reason").notNull(),
    /** Over all of its lives in the queue. */
    attempts: integer("attempts").notNull(),
    firstFailedAt: time("first_failed_at").notNull(),
    lastFailedAt: time("last_failed_at").notNull(),
    acceptedAt: time("accepted_at"),
    requestId: text("request_id"),
    /** As `queue` wrote it; null once nobody needs it any more. */
    job: bytes("job"),
    /** The size that it had. */
    jobBytes: bigint("job_bytes", { mode: "number" }).notNull(),
    replays: integer("replays").notNull().default(0),
    /** When its job was put back into the queue; null again when that has failed too. */
    replayedAt: time("replayed_at"),
    discardedAt: time("discarded_at"),
    /** When it was noticed, some time later, that the receipt has its row. */
    resolvedAt: time("resolved_at"),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.receipt] }),
    index("dead_letters_by_time").on(table.orgId, table.lastFailedAt, table.receipt).where(isLetter),
    index("dead_letters_by_code")
      .on(table.orgId, table.code, table.lastFailedAt, table.receipt)
      .where(isLetter),
    // Over all orgs, for whoever may see them.
    index("dead_letters_by_time_alone").on(table.lastFailedAt, table.orgId, table.receipt).where(isLetter),
    index("dead_letters_open")
      .on(table.orgId, table.receipt)
      .where(sql`resolved_at IS NULL`),
  ],
);

/**
 * One row per act of a person, or per step of one that takes long. Append-only: a trigger refuses UPDATE, DELETE and
 * TRUNCATE. The org is the nil UUID for acts over all orgs.
 */
export const auditLog = pgTable(
  "audit_log",
  {
    orgId: uuid("org_id").notNull(),
    id: uuid("id").notNull(),
    at: time("at").notNull().defaultNow(),
    actor: text("actor").notNull(),
    action: key("action").notNull(),
    details: jsonb("details").$type<JsonObject>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.id] }), index("audit_log_by_id").on(table.id)],
);

/**
 * How many receipts an org has, by outcome; a trigger on `receipts` counts. Spread over 32 rows, so that connections
 * that store turns of one org seldom wait for each other. `before` counts what ended before the ledger was kept.
 * @public the migrations are generated from it
 */
export const ledgerCounts = pgTable(
  "ledger_counts",
  {
    orgId: uuid("org_id").notNull(),
    outcome: text("outcome", { enum: ["stored", "duplicate", "before"] }).notNull(),
    shard: integer("shard").notNull(),
    count: bigint("count", { mode: "number" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.outcome, table.shard] })],
);

/**
 * Which queue is this database's own: one row at most, see `queue-markers.ts`.
 * @public the migrations are generated from it
 */
export const queueMarker = pgTable(
  "queue_marker",
  {
    /** Always 1. */
    id: smallint("id").primaryKey().default(1),
    backend: text("backend", { enum: ["redis", "postgres"] }).notNull(),
    prefix: text("prefix").notNull(),
    shards: integer("shards").notNull(),
    generation: uuid("generation").notNull(),
    replaces: uuid("replaces"),
    writtenAt: time("written_at").notNull().defaultNow(),
    /** When the queue was first seen to carry the generation. */
    confirmedAt: time("confirmed_at"),
  },
  (table) => [check("queue_marker_one_row", sql`${table.id} = 1`)],
);
