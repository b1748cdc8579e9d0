import { AppError } from "@turnpike/domain/errors";
import type { TimelineDeps } from "../deps.ts";
import type { Receipt } from "./receipt.ts";

/**
 * Find out where an accepted turn or post of events is. It leaves the queue only after its end is committed; one that comes to
 * its end while it is looked for is in neither place for whoever looks only once.
 * @throws AppError `not_found`, also when the receipt is another org's; `queue_unavailable`, `store_unavailable`.
 */
export async function findReceipt(
  deps: Pick<TimelineDeps, "reader" | "deadLetters" | "queue">,
  orgId: string,
  id: string,
): Promise<Receipt> {
  const ended = await findEnded(deps, orgId, id);
  if (ended !== undefined) return ended;
  const queued = await deps.queue.findReceipt(orgId, id);
  if (queued?.state === "queued") {
    return { receipt: id, state: "queued", ...(queued.attempts > 0 ? { attempts: queued.attempts } : {}) };
  }
  if (queued !== undefined) return { receipt: id, ...queued };
  const endedSince = await findEnded(deps, orgId, id);
  if (endedSince === undefined) throw new AppError("not_found", "no such receipt");
  return endedSince;
}

async function findEnded(
  deps: Pick<TimelineDeps, "reader" | "deadLetters">,
  orgId: string,
  id: string,
): Promise<Receipt | undefined> {
  return (await findSettled(deps, orgId, id)) ?? findDead(deps, orgId, id);
}

async function findSettled(
  { reader }: Pick<TimelineDeps, "reader">,
  orgId: string,
  id: string,
): Promise<Receipt | undefined> {
  const row = await reader.findReceipt(orgId, id);
  if (row === undefined) return undefined;
  const place = {
    receipt: id,
    ...(row.headHash === null ? {} : { headHash: row.headHash }),
    ...(row.sessionId === null ? {} : { sessionId: row.sessionId }),
    ...(row.turnId === null ? {} : { turnId: row.turnId }),
  };
  if (row.outcome === "duplicate") return { ...place, state: "duplicate" };
  return {
    ...place,
    state: "stored",
    ...(row.firstSequence === null ? {} : { firstSequence: row.firstSequence }),
    ...(row.lastSequence === null ? {} : { lastSequence: row.lastSequence }),
  };
}

async function findDead(
  deps: Pick<TimelineDeps, "reader" | "deadLetters">,
  orgId: string,
  id: string,
): Promise<Receipt | undefined> {
  const letter = await deps.deadLetters.find(orgId, id);
  if (letter === undefined) return undefined;
  // Stored between the two questions.
  if (letter.state === "resolved") return findSettled(deps, orgId, id);
  const { code, reason, attempts, firstFailedAt, lastFailedAt, state } = letter;
  return {
    receipt: id,
    state: "dead",
    reason: `${code}: ${reason}`,
    attempts,
    code,
    firstFailedAt,
    lastFailedAt,
    replaying: state === "replaying",
    discarded: state === "discarded",
  };
}
