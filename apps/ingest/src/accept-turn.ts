import type { ParsedBody } from "@turnpike/domain/conversation-cache/conversation-cache";
import { checkTurnSizes } from "@turnpike/domain/turn/check-field-sizes";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import type { BodyToEnqueue } from "@turnpike/domain/ports/ports";
import { readTurnBody, type Turn } from "@turnpike/domain/turn/turn-body";
import { groupOf } from "./group-of.ts";
import { issueReceipt } from "./issue-receipt.ts";

/** One turn as a request brought it. */
export interface ReceivedTurn {
  /** The body, parsed. */
  readonly parsed: ParsedBody;
  /** Gives the same body as JSON, what the worker will read; asked for once the turn is known to be good. */
  readonly toJson: () => string | Buffer;
  readonly requestId: string;
}

/**
 * Validate a turn and give it its receipt. It is accepted only once the queue has it.
 * @throws AppError `invalid_envelope`, `unsupported_provider`, `unparsable_request` or `invalid_response`.
 */
export function acceptTurn({ parsed, toJson, requestId }: ReceivedTurn): BodyToEnqueue {
  const turn = readTurnBody(parsed.body);
  checkTurnSizes(turn);
  const list = parsed.remember(turn.messages);
  return issueReceipt({
    orgId: decideOrg(turn),
    requestId,
    body: toJson(),
    group: groupOf(turn.envelope),
    list,
  });
}

// The one place where it is decided to whom a turn belongs: to the org that its envelope names.
function decideOrg(turn: Turn): string {
  return turn.envelope?.org_id ?? NIL_UUID;
}
