import type { Transaction } from "../connection/write-pool.ts";
import { insertEvents } from "./insert-events.ts";
import type { ReceiptRow, TurnRow, WritePlan } from "./plan-writes.ts";
import type { SessionChange } from "./session-change.ts";

/** Write a plan: one statement per table, sent together. */
export async function writePlan(tx: Transaction, plan: WritePlan): Promise<void> {
  await Promise.all([
    plan.sessions.length > 0 && updateSessions(tx, plan.sessions),
    plan.turns.length > 0 && insertTurns(tx, plan.turns),
    plan.events.length > 0 && insertEvents(tx, plan.events),
    plan.receipts.length > 0 && insertReceipts(tx, plan.receipts),
  ]);
}

/** Write what became of locked sessions. New events bring a deleted one back; it starts anew then. */
export async function updateSessions(tx: Transaction, changes: readonly SessionChange[]): Promise<void> {
  const counters = changes.map((change) => change.counters);
  const facts = changes.map((change) => change.facts);
  await tx`
    UPDATE sessions s SET
      auth_subject = c.auth_subject,
      harness_version = c.harness_version,
      cwd = c.cwd,
      name = c.name,
      parent_session_id = coalesce(c.parent_session_id, s.parent_session_id),
      harness_metadata = CASE WHEN c.metadata IS NULL THEN s.harness_metadata
                              ELSE s.harness_metadata || c.metadata::jsonb END,
      turn_count = s.turn_count + c.turns,
      unpriced_turn_count = s.unpriced_turn_count + c.unpriced_turns,
      total_input_tokens = s.total_input_tokens + c.input_tokens,
      total_output_tokens = s.total_output_tokens + c.output_tokens,
      total_cache_creation_input_tokens = s.total_cache_creation_input_tokens + c.cache_creation_input_tokens,
      total_cache_read_input_tokens = s.total_cache_read_input_tokens + c.cache_read_input_tokens,
      total_cost_usd = s.total_cost_usd + c.cost_usd,
      latest_sequence = s.latest_sequence + c.events,
      latest_event_at = CASE WHEN c.events = 0 THEN s.latest_event_at
                             ELSE c.next_event_at + (c.events - 1) * interval '1 microsecond' END,
      started_at = CASE WHEN s.turn_count = 0 AND c.turns > 0 OR s.deleted_at IS NOT NULL AND c.events > 0
                        THEN c.next_event_at ELSE s.started_at END,
      deleted_at = CASE WHEN c.events > 0 THEN NULL ELSE s.deleted_at END,
      last_seen_at = CASE WHEN c.events > 0 THEN c.next_event_at ELSE s.last_seen_at END
    FROM unnest(
      ${changes.map(({ session }) => session.orgId)}::uuid[],
      ${changes.map(({ session }) => session.id)}::uuid[],
      ${changes.map(({ session }) => session.nextEventAt)}::timestamptz[],
      ${facts.map((fact) => fact.authSubject)}::text[],
      ${facts.map((fact) => fact.harnessVersion)}::text[],
      ${facts.map((fact) => fact.cwd)}::text[],
      ${facts.map((fact) => fact.name)}::text[],
      ${facts.map((fact) => fact.parentSessionId)}::uuid[],
      ${facts.map((fact) => (fact.metadata.size > 0 ? JSON.stringify(Object.fromEntries(fact.metadata)) : null))}::text[],
      ${counters.map((counter) => counter.turns)}::bigint[],
      ${counters.map((counter) => counter.unpricedTurns)}::bigint[],
      ${counters.map((counter) => counter.inputTokens)}::bigint[],
      ${counters.map((counter) => counter.outputTokens)}::bigint[],
      ${counters.map((counter) => counter.cacheCreationInputTokens)}::bigint[],
      ${counters.map((counter) => counter.cacheReadInputTokens)}::bigint[],
      ${counters.map((counter) => counter.costUsd)}::numeric[],
      ${counters.map((counter) => counter.events)}::bigint[]
    ) AS c (org_id, id, next_event_at, auth_subject, harness_version, cwd, name, parent_session_id, metadata,
            turns, unpriced_turns, input_tokens, output_tokens, cache_creation_input_tokens,
            cache_read_input_tokens, cost_usd, events)
    WHERE s.org_id = c.org_id AND s.id = c.id`;
}

async function insertTurns(tx: Transaction, rows: readonly TurnRow[]): Promise<void> {
  const facts = rows.map(({ turn }) => turn.facts);
  await tx`
    INSERT INTO turns (org_id, id, session_id, receipt, root_hash, head_hash, chain_length, provider, model, agent_name,
                       stop_reason, input_tokens, output_tokens, cache_creation_input_tokens,
                       cache_read_input_tokens, cost_usd, duration_ms, request_id, upstream_request_id, thread_id,
                       occurred_at, replaced_chars, extra, first_sequence, last_sequence, created_at)
    SELECT org_id, id, session_id, receipt, root_hash, head_hash, chain_length, provider, model, agent_name,
           stop_reason, input_tokens, output_tokens, cache_creation_input_tokens,
           cache_read_input_tokens, cost_usd, duration_ms, request_id, upstream_request_id, thread_id,
           occurred_at, replaced_chars, extra::json, first_sequence, last_sequence,
           base_time + offset_us * interval '1 microsecond'
    FROM unnest(
      ${rows.map(({ turn }) => turn.orgId)}::uuid[],
      ${rows.map((row) => row.turnId)}::uuid[],
      ${rows.map((row) => row.sessionId)}::uuid[],
      ${rows.map(({ turn }) => turn.receipt)}::uuid[],
      ${facts.map((fact) => fact.rootHash)}::text[],
      ${facts.map((fact) => fact.headHash)}::text[],
      ${facts.map((fact) => fact.chainLength)}::int[],
      ${facts.map((fact) => fact.provider)}::text[],
      ${facts.map((fact) => fact.model)}::text[],
      ${facts.map((fact) => fact.agentName ?? null)}::text[],
      ${facts.map((fact) => fact.stopReason ?? null)}::text[],
      ${facts.map((fact) => fact.inputTokens)}::bigint[],
      ${facts.map((fact) => fact.outputTokens)}::bigint[],
      ${facts.map((fact) => fact.cacheCreationInputTokens)}::bigint[],
      ${facts.map((fact) => fact.cacheReadInputTokens)}::bigint[],
      ${facts.map((fact) => fact.costUsd)}::numeric[],
      ${facts.map((fact) => fact.durationMs ?? null)}::float8[],
      ${facts.map((fact) => fact.requestId ?? null)}::text[],
      ${facts.map((fact) => fact.upstreamRequestId ?? null)}::text[],
      ${facts.map((fact) => fact.threadId ?? null)}::text[],
      ${facts.map((fact) => fact.occurredAt ?? null)}::timestamptz[],
      ${facts.map((fact) => fact.replacedChars)}::int[],
      ${facts.map((fact) => (fact.extra === undefined ? null : JSON.stringify(fact.extra)))}::text[],
      ${rows.map((row) => row.firstSequence)}::bigint[],
      ${rows.map((row) => row.lastSequence)}::bigint[],
      ${rows.map((row) => row.baseTime)}::timestamptz[],
      ${rows.map((row) => row.offsetUs)}::bigint[]
    ) AS t (org_id, id, session_id, receipt, root_hash, head_hash, chain_length, provider, model, agent_name,
            stop_reason, input_tokens, output_tokens, cache_creation_input_tokens,
            cache_read_input_tokens, cost_usd, duration_ms, request_id, upstream_request_id, thread_id,
            occurred_at, replaced_chars, extra, first_sequence, last_sequence, base_time, offset_us)`;
}

async function insertReceipts(tx: Transaction, rows: readonly ReceiptRow[]): Promise<void> {
  const stored = rows.map(({ result }) => (result.outcome === "stored" ? result : undefined));
  await tx`
    INSERT INTO receipts (org_id, receipt, outcome, session_id, turn_id, head_hash, first_sequence, last_sequence)
    SELECT * FROM unnest(
      ${rows.map((row) => row.orgId)}::uuid[],
      ${rows.map((row) => row.receipt)}::uuid[],
      ${rows.map(({ result }) => result.outcome)}::text[],
      ${rows.map(({ result }) => result.sessionId)}::uuid[],
      ${rows.map(({ result }) => result.turnId)}::uuid[],
      ${rows.map((row) => row.headHash)}::text[],
      ${stored.map((result) => result?.firstSequence ?? null)}::bigint[],
      ${stored.map((result) => result?.lastSequence ?? null)}::bigint[]
    )`;
}
