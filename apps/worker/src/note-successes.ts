/**
 * Keeps account of what a store stores, so that a failure over one turn can say whether others went well. Each way into the store by
 * itself: that events are stored says nothing of turns. Only what was new counts, for a duplicate writes nothing.
 */
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { NodeStore, SessionStore, TurnStore } from "@turnpike/domain/ports/ports";

/** Make a store whose failures tell how long ago the same went well for another. */
export function noteSuccesses(store: TurnStore, now: () => number = () => performance.now()): TurnStore {
  if (store.capability === "nodes") return noteNodes(store, now);
  return { ...noteNodes(store, now), ...noteSessions(store, now), capability: "sessions" };
}

function noteSessions(
  store: SessionStore,
  now: () => number,
): Pick<SessionStore, "ingestTurns" | "ingestEvents"> {
  const turns = createAccount(now);
  const events = createAccount(now);
  return {
    ingestTurns: (some) =>
      turns.keep(
        () => store.ingestTurns(some),
        (results) => results.some(({ outcome }) => outcome === "stored"),
      ),
    ingestEvents: (post) =>
      events.keep(
        () => store.ingestEvents(post),
        ({ outcome }) => outcome === "stored",
      ),
  };
}

/** The receipt is the last that is put of a turn, so it stands for all of it. */
function noteNodes(store: Pick<NodeStore, "putNode" | "putReceipt">, now: () => number): NodeStore {
  const nodes = createAccount(now);
  return {
    capability: "nodes",
    putNode: (node) =>
      nodes.keep(
        () => store.putNode(node),
        () => false,
      ),
    putReceipt: (receipt) =>
      nodes.keep(
        () => store.putReceipt(receipt),
        () => true,
      ),
  };
}

interface Account {
  keep<T>(act: () => Promise<T>, isNew: (result: T) => boolean): Promise<T>;
}

function createAccount(now: () => number): Account {
  let lastAt: number | undefined;
  return {
    async keep(act, isNew) {
      try {
        const result = await act();
        if (isNew(result)) lastAt = now();
        return result;
      } catch (error) {
        if (!isAppError(error, "store_failed") || lastAt === undefined) throw error;
        throw new AppError(error.code, error.message, {
          cause: error.cause,
          othersWentWellMsAgo: now() - lastAt,
        });
      }
    },
  };
}
