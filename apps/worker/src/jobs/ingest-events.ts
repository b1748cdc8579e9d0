/** Stores one post of lifecycle events. Only a store of sessions can: the compiler asks for the capability. */
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { AcceptedEvents, EventsResult, Log, TurnStore } from "@turnpike/domain/ports/ports";
import { type PreparedEvents, prepareEvents } from "@turnpike/domain/prepare/prepare-events";
import type { WakePublisher } from "@turnpike/wake/publisher";

/**
 * Store a post of events; resolved means committed. Any number of times: the first one counts.
 * @throws AppError with the code that decides between another attempt and the dead letters.
 */
export async function ingestEvents(
  deps: {
    readonly store: TurnStore;
    readonly log: Log;
    readonly wakes: Pick<WakePublisher, "publish">;
  },
  accepted: AcceptedEvents,
): Promise<EventsResult["outcome"]> {
  const started = performance.now();
  const durationMs = (): number => Math.round(performance.now() - started);
  const facts = { requestId: accepted.requestId, receipt: accepted.receipt };
  try {
    const post = prepareEvents(accepted);
    const result = await storeEvents(deps.store, post);
    const { orgId } = post;
    const { outcome, sessionId } = result;
    if (outcome === "stored") {
      deps.wakes.publish([{ orgId, sessionId, latestSequence: result.lastSequence }]);
    }
    deps.log.info(
      { orgId, outcome, events: post.events.length, durationMs: durationMs(), ...facts },
      "events",
    );
    return outcome;
  } catch (error) {
    const code = isAppError(error) ? error.code : "internal";
    deps.log.warn({ ...facts, code, durationMs: durationMs() }, "events failed");
    throw error;
  }
}

async function storeEvents(store: TurnStore, post: PreparedEvents): Promise<EventsResult> {
  if (store.capability === "sessions") return store.ingestEvents(post);
  throw new AppError("store_rejected", "this store keeps no sessions, and so no events of them");
}
