import { randomUUID } from "node:crypto";
import type { BodyToEnqueue } from "@turnpike/domain/ports/ports";
import { makeUuidV7 } from "@turnpike/domain/uuid-v7";

/** Give a body that was found good its receipt. It is accepted only once the queue has it. */
export function issueReceipt(
  good: Pick<BodyToEnqueue, "orgId" | "requestId" | "body" | "group" | "list">,
): BodyToEnqueue {
  const now = new Date();
  return { receipt: makeUuidV7(now.valueOf(), randomUUID()), ...good, acceptedAt: now.toISOString() };
}
