import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { prepareTurn } from "@turnpike/domain/prepare/prepare-turn";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import { v7 as uuidv7 } from "uuid";

/** Make of a body what the worker hands to the store, under the body's own org and a receipt of its own. */
export function prepare(body: string, receipt: string = uuidv7()): PreparedSessionTurn {
  const orgId = (JSON.parse(body) as { session?: { org_id?: string } }).session?.org_id;
  const turn = prepareTurn({ receipt, orgId: orgId === undefined || orgId === "" ? NIL_UUID : orgId, body });
  if (turn.session === undefined) throw new Error("the body has no envelope");
  return { ...turn, session: turn.session };
}
