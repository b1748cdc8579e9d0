import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import type { JsonObject } from "@turnpike/domain/json/json";
import { toStorable } from "@turnpike/domain/prepare/storable-text";
import { v7 as uuidv7 } from "uuid";
import type { Statement } from "../connection/write-pool.ts";

/** An act of a person, as it is written down. */
export interface AuditEntry {
  /** Who says that they did it; nobody has checked. */
  readonly actor: string;
  /** `noun.verb`, snake_case. */
  readonly action: string;
  /** Undefined for an act over all orgs. */
  readonly orgId: string | undefined;
  readonly details: JsonObject;
}

/**
 * Write an act into the audit log, which nobody can change afterwards.
 * @returns the entry's id.
 */
export async function writeAudit(sql: Statement, entry: AuditEntry): Promise<string> {
  const id = uuidv7();
  const { actor, action, details } = toStorable(entry).value;
  await sql`
    INSERT INTO audit_log (org_id, id, actor, action, details)
    VALUES (${entry.orgId ?? NIL_UUID}, ${id}, ${actor}, ${action}, ${JSON.stringify(details)})`;
  return id;
}
