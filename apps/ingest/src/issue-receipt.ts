import type { AcceptedBody } from "@turnpike/domain/ports";
import { v7 as uuidV7 } from "uuid";

/** Give a body that was found good its receipt. It is accepted only once the queue has it. */
export function issueReceipt(good: Pick<AcceptedBody, "orgId" | "requestId" | "body">): AcceptedBody {
  return { receipt: uuidV7(), ...good, acceptedAt: new Date().toISOString() };
}
