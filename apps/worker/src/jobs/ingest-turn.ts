/**
 * Stores one turn. The path is chosen by capability, and the compiler checks it: `ingestTurns` can only be called on a
 * store that says it has it, so a renamed method never turns whole turns silently into loose nodes.
 */
import type { BodyHistory } from "@turnpike/domain/conversation-cache/conversation-cache";
import { isAppError } from "@turnpike/domain/errors";
import type { AcceptedTurn, Log, NodeStore, SessionStore, TurnStore } from "@turnpike/domain/ports/ports";
import { prepareTurn } from "@turnpike/domain/prepare/prepare-turn";
import type { PreparedTurn } from "@turnpike/domain/prepare/prepared-turn";
import type { WakePublisher } from "@turnpike/wake/publisher";

/** What the job works with. */
export interface IngestTurnDeps {
  readonly store: TurnStore;
  readonly log: Log;
  readonly wakes: Pick<WakePublisher, "publish">;
  /** Of earlier bodies; without one each turn is parsed and hashed whole. */
  readonly history?: BodyHistory;
}

/** How a job ended, for its log line. */
export type IngestOutcome = "stored" | "duplicate" | "stored_without_session";

/**
 * Build the chain of a turn and store it; resolved means committed. Any number of times: the first one counts.
 * @throws AppError with the code that decides between another attempt and the dead letters.
 */
export async function ingestTurn(deps: IngestTurnDeps, accepted: AcceptedTurn): Promise<IngestOutcome> {
  const started = performance.now();
  const facts: Record<string, unknown> = { requestId: accepted.requestId, receipt: accepted.receipt };
  try {
    const turn = prepareTurn(accepted, deps.history);
    const prepareMs = performance.now() - started;
    const outcome = await storeTurn(deps, turn);
    deps.log.info(
      {
        orgId: turn.orgId,
        outcome,
        provider: turn.facts.provider,
        chainLength: turn.facts.chainLength,
        prepareMs: Math.round(prepareMs),
        durationMs: Math.round(performance.now() - started),
        ...facts,
      },
      "turn",
    );
    return outcome;
  } catch (error) {
    const code = isAppError(error) ? error.code : "internal";
    deps.log.warn({ ...facts, code, durationMs: Math.round(performance.now() - started) }, "turn failed");
    throw error;
  }
}

async function storeTurn(
  { store, wakes }: Pick<IngestTurnDeps, "store" | "wakes">,
  turn: PreparedTurn,
): Promise<IngestOutcome> {
  if (store.capability === "sessions" && turn.session !== undefined) {
    return storeSessionTurn(store, wakes, { ...turn, session: turn.session });
  }
  await putNodes(store, turn);
  return "stored_without_session";
}

async function storeSessionTurn(
  store: SessionStore,
  wakes: Pick<WakePublisher, "publish">,
  turn: Parameters<SessionStore["ingestTurns"]>[0][number],
): Promise<IngestOutcome> {
  const [result] = await store.ingestTurns([turn]);
  if (result?.outcome !== "stored") return "duplicate";
  wakes.publish([{ orgId: turn.orgId, sessionId: result.sessionId, latestSequence: result.lastSequence }]);
  return "stored";
}

/** Root to leaf, one put per node: a crash in between leaves a valid prefix, which the next attempt completes. */
async function putNodes(store: Pick<NodeStore, "putNode" | "putReceipt">, turn: PreparedTurn): Promise<void> {
  const { facts, orgId } = turn;
  for (const { hash, parentHash, role, content } of turn.nodes) {
    const isHead = hash === facts.headHash;
    await store.putNode({
      hash,
      parentHash,
      role,
      content,
      orgId,
      provider: facts.provider,
      agentName: facts.agentName,
      response: isHead ? facts : undefined,
    });
  }
  await store.putReceipt({ orgId, receipt: turn.receipt, headHash: facts.headHash });
}
