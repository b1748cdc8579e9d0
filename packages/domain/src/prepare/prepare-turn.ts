import type { Message } from "../providers/block.ts";
import type { BodyHistory } from "../conversation-cache/conversation-cache.ts";
import { sessionIdOf } from "../turn/envelope.ts";
import { AppError } from "../errors.ts";
import { parseKnownBody } from "./parse-body.ts";
import { isKnown } from "../providers/request-messages.ts";
import type { PreparedTurn, TurnFacts } from "./prepared-turn.ts";
import { costOf } from "../pricing/cost-of.ts";
import { readTime } from "../turn/read-time.ts";
import { sessionFactsOf } from "../turn/session-facts.ts";
import { mayHoldUnstorable, toStorable } from "./storable-text.ts";
import { buildChain, type ChainNode } from "../chain/turn-chain.ts";
import { listTurnEvents } from "./turn-events.ts";
import { readTurnBody, type Turn } from "../turn/turn-body.ts";

// A hundred years: a longer exchange is a broken clock, and would not fit the column.
const MAX_DURATION_MS = 3_155_760_000_000;

/** What the worker is handed of a turn. */
export interface RawTurn {
  readonly receipt: string;
  readonly orgId: string;
  /** JSON text, or the UTF-8 of it, as received. */
  readonly body: string | Buffer;
}

/**
 * Compute all of a turn that does not need the store. The same body gives the same hashes, facts and events, with a history
 * of earlier bodies or without.
 * @throws AppError `invalid_envelope`, `unsupported_provider`, `unparsable_request`, `invalid_response`: the body should
 *   have been refused at the door, so these are permanent.
 */
export function prepareTurn(raw: RawTurn, history?: BodyHistory): PreparedTurn {
  const parsed = parseKnownBody(raw.body, history);
  const received = readTurnBody(parsed.body);
  const hashed = buildChain(messagesOf(received));
  const { turn, nodes, replaced } = mayHoldUnstorable(raw.body)
    ? makeStorable(received, hashed)
    : { turn: received, nodes: hashed, replaced: 0 };
  // What is known is storable, so that nobody has to look at it again.
  if (replaced === 0) parsed.remember(nodes.slice(0, -1));
  const root = nodes[0];
  const head = nodes.at(-1);
  if (root === undefined || head === undefined)
    throw new AppError("broken_chain", "a turn has at least one node");
  const facts = factsOf(
    turn,
    { rootHash: root.hash, headHash: head.hash, chainLength: nodes.length },
    replaced,
  );
  return {
    receipt: raw.receipt,
    orgId: raw.orgId,
    session: turn.envelope && sessionFactsOf(turn.envelope, sessionIdOf(turn.envelope, root.hash)),
    facts,
    nodes,
    events: turn.envelope ? listTurnEvents(nodes, facts) : [],
  };
}

/** What Postgres cannot hold is replaced after hashing; hashes are those of the original. */
function makeStorable(received: Turn, hashed: readonly ChainNode[]) {
  const known = received.messages.filter(isKnown);
  const { value: rest, replaced } = toStorable({
    ...received,
    messages: received.messages.slice(known.length),
  });
  const turn = { ...rest, messages: [...known, ...rest.messages] };
  const messages = messagesOf(rest);
  const nodes = hashed.map((node, index) =>
    index < known.length ? node : { ...node, ...(messages[index - known.length] as Message) },
  );
  return { turn, nodes, replaced };
}

function messagesOf(turn: Turn): Message[] {
  return [...turn.messages, turn.response.message];
}

function factsOf(
  turn: Turn,
  chain: Pick<TurnFacts, "rootHash" | "headHash" | "chainLength">,
  replacedChars: number,
): TurnFacts {
  const { response, meta } = turn;
  // A clock that is wrong must not cost the turn: what is no time is passed over.
  const occurredAt = [meta?.ts_request, meta?.captured_at, response.created_at].find(
    (time) => time !== undefined && readTime(time) !== undefined,
  );
  return {
    provider: turn.provider,
    model: response.model,
    agentName: turn.agentName,
    stopReason: response.stop_reason,
    inputTokens: response.usage?.prompt_tokens ?? 0,
    outputTokens: response.usage?.completion_tokens ?? 0,
    cacheCreationInputTokens: response.usage?.cache_creation_input_tokens ?? 0,
    cacheReadInputTokens: response.usage?.cache_read_input_tokens ?? 0,
    costUsd: costOf(response.model, response.usage, occurredAt),
    durationMs: durationOf(turn),
    requestId: meta?.request_id,
    upstreamRequestId: meta?.upstream_request_id,
    threadId: meta?.thread_id,
    occurredAt,
    replacedChars,
    extra: response.extra,
    // Last: an object that begins with a spread gets a hidden class of its own (10 µs, decision 29).
    ...chain,
  };
}

function durationOf(turn: Turn): number | undefined {
  const seconds = turn.meta?.elapsed_seconds;
  const nanoseconds = turn.response.usage?.total_duration_ns;
  const durationMs =
    seconds !== undefined ? seconds * 1_000 : nanoseconds === undefined ? undefined : nanoseconds / 1e6;
  if (durationMs === undefined || !(durationMs >= 0 && durationMs <= MAX_DURATION_MS)) return undefined;
  return Math.round(durationMs);
}
