/**
 * Decides which parent links of a batch may be made. A session is never its own ancestor, whatever order the links come
 * in: changes of lineage are therefore serialised per org, and only these; a turn whose link stands already takes no lock.
 */
import type { Transaction } from "../connection/write-pool.ts";

/** A wish to make one session the child of another. */
export interface LinkWish {
  readonly orgId: string;
  readonly childId: string;
  readonly parentId: string;
  /** The child's parent as read before any lock. */
  readonly knownParentId: string | null;
}

/** The decided links: by child, the parent that it gets, and the parents that it was refused. */
export interface LinkDecisions {
  readonly accepted: ReadonlyMap<string, string>;
  readonly refused: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Decide the wishes in their order, later ones on top of earlier ones. Locks the lineage of the orgs until the commit. */
export async function linkParents(tx: Transaction, wishes: readonly LinkWish[]): Promise<LinkDecisions> {
  const changes = wishes.filter((wish) => wish.knownParentId !== wish.parentId);
  if (changes.length === 0) return { accepted: new Map(), refused: new Map() };
  await lockLineage(tx, changes);
  const parents = await readAncestry(tx, changes);
  const accepted = new Map<string, string>();
  const refused = new Map<string, Set<string>>();
  for (const { childId, parentId } of changes) {
    if (reaches(parentId, childId, parents)) {
      refused.set(childId, (refused.get(childId) ?? new Set()).add(parentId));
    } else {
      parents.set(childId, parentId);
      accepted.set(childId, parentId);
    }
  }
  return { accepted, refused };
}

async function lockLineage(tx: Transaction, changes: readonly LinkWish[]): Promise<void> {
  const orgIds = [...new Set(changes.map((wish) => wish.orgId))].sort();
  for (const orgId of orgIds) {
    await tx`SELECT pg_advisory_xact_lock(hashtextextended(${`lineage:${orgId}`}, 0))`;
  }
}

/** Read the parents of the wished parents, and theirs, up to the roots, as they are now that nobody else may change them. */
async function readAncestry(tx: Transaction, changes: readonly LinkWish[]): Promise<Map<string, string>> {
  const rows = await tx<{ id: string; parent: string }>`
    WITH RECURSIVE ancestry (org_id, id, parent) AS (
      SELECT s.org_id, s.id, s.parent_session_id
      FROM unnest(
        ${changes.map((wish) => wish.orgId)}::uuid[],
        ${changes.map((wish) => wish.parentId)}::uuid[]
      ) AS t (org_id, id)
      JOIN sessions s USING (org_id, id)
      UNION
      SELECT s.org_id, s.id, s.parent_session_id
      FROM ancestry a JOIN sessions s ON s.org_id = a.org_id AND s.id = a.parent
    )
    SELECT id, parent FROM ancestry WHERE parent IS NOT NULL`;
  return new Map(rows.map((row) => [row.id, row.parent]));
}

function reaches(from: string, target: string, parents: ReadonlyMap<string, string>): boolean {
  for (let id: string | undefined = from; id !== undefined; id = parents.get(id)) {
    if (id === target) return true;
  }
  return false;
}
