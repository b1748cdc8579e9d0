import type { SessionKey } from "@turnpike/domain/prepare/prepared-turn";
import type { Transaction } from "../connection/write-pool.ts";
import { mintId } from "../connection/mint-id.ts";

/** A session as it is known at the start of a transaction, not locked. */
export interface FoundSession {
  readonly id: string;
  readonly parentSessionId: string | null;
}

/** Sessions by org and key. */
export type SessionMap = ReadonlyMap<string, FoundSession>;

/** A session's key within its org. */
export interface OrgSessionKey extends SessionKey {
  readonly orgId: string;
}

/** Make one string of a session's key; neither an org nor a JSON string can hold a raw line break. */
export function keyOf(key: OrgSessionKey): string {
  return JSON.stringify([key.orgId, key.harnessId, key.harnessSessionId]);
}

/**
 * Find every session that is named, making rows for those that are missing: no turns, no subject, no events. Nothing
 * that exists is locked. Rows are made in the order of their keys, so that two transactions never wait for each other.
 *
 * From here to the commit no erasure takes nodes of these orgs away (`erase-nodes.ts`): later statements of the
 * transaction may rely on what they find.
 */
export async function findOrMakeSessions(
  tx: Transaction,
  wanted: readonly OrgSessionKey[],
): Promise<SessionMap> {
  const keys = [...new Map(wanted.map((key) => [keyOf(key), key])).entries()]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, key]) => key);
  const found = await findSessions(tx, keys);
  const missing = keys.filter((key) => !found.has(keyOf(key)));
  if (missing.length === 0) return found;
  // A statement of its own: what another transaction made meanwhile is not in the snapshot of the insert.
  const [, made] = await Promise.all([makeSessions(tx, missing), findSessions(tx, keys)]);
  return made;
}

/** Takes the orgs' locks on the way. They are rows of the result, for what nobody asks for is not executed. */
async function findSessions(tx: Transaction, keys: readonly OrgSessionKey[]): Promise<SessionMap> {
  const rows = await tx<{
    org_id: string;
    harness_id: string;
    harness_session_id: string;
    id: string | null;
    parent: string | null;
  }>`
    SELECT o.org_id, '' AS harness_id, '' AS harness_session_id, NULL::uuid AS id, NULL::uuid AS parent,
           pg_advisory_xact_lock_shared(hashtextextended('nodes:' || o.org_id, 0))::text
    FROM (SELECT DISTINCT org_id FROM unnest(${keys.map((key) => key.orgId)}::uuid[]) AS k (org_id) ORDER BY 1) o
    UNION ALL
    SELECT s.org_id, s.harness_id, s.harness_session_id, s.id, s.parent_session_id, ''
    FROM unnest(
      ${keys.map((key) => key.orgId)}::uuid[],
      ${keys.map((key) => key.harnessId)}::text[],
      ${keys.map((key) => key.harnessSessionId)}::text[]
    ) AS k (org_id, harness_id, harness_session_id)
    JOIN sessions s USING (org_id, harness_id, harness_session_id)`;
  const found = new Map<string, FoundSession>();
  for (const row of rows) {
    const key = { orgId: row.org_id, harnessId: row.harness_id, harnessSessionId: row.harness_session_id };
    if (row.id !== null) found.set(keyOf(key), { id: row.id, parentSessionId: row.parent });
  }
  return found;
}

async function makeSessions(tx: Transaction, keys: readonly OrgSessionKey[]): Promise<void> {
  await tx`
    INSERT INTO sessions (org_id, id, harness_id, harness_session_id)
    SELECT * FROM unnest(
      ${keys.map((key) => key.orgId)}::uuid[],
      ${keys.map(() => mintId())}::uuid[],
      ${keys.map((key) => key.harnessId)}::text[],
      ${keys.map((key) => key.harnessSessionId)}::text[]
    )
    ON CONFLICT (org_id, harness_id, harness_session_id) DO NOTHING`;
}
