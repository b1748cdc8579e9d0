import { randomUUID } from "node:crypto";
import type { JsonObject } from "@turnpike/domain/json/json";
import type { DatabaseMarker, QueuePlace } from "@turnpike/domain/ports/queue-marker";
import { AppError } from "@turnpike/domain/errors";
import { writeAudit } from "../audit/write-audit.ts";
import type { WritePool } from "../connection/write-pool.ts";
import { readMarker } from "./read-marker.ts";

/** Another queue in the place of the one that the database has had. */
export interface MarkerReplacement {
  readonly place: QueuePlace;
  /** The generation that the database is known to have; undefined when it has none. */
  readonly expected: string | undefined;
  /** The generation that the queue carries now, if any: it may be written over. */
  readonly replaces: string | undefined;
  /** How many turns of each org count as accepted beside those that the queue has accepted. */
  readonly carried: ReadonlyMap<string, number>;
  readonly actor: string;
  readonly action: string;
  /** For the audit log. */
  readonly details: JsonObject;
}

/**
 * Make another queue the database's own, with a new generation, add what earlier ones have accepted to what counts as
 * accepted before the ledger was kept, and write into the audit log who has said so, in one transaction.
 * The queue is told afterwards, by whoever comes first.
 * @throws AppError `store_contention` when the marker has changed meanwhile; `store_unavailable`.
 */
export function replaceMarker(pool: WritePool, replacement: MarkerReplacement): Promise<DatabaseMarker> {
  const { place, expected, replaces, carried, actor, action, details } = replacement;
  const orgs = [...carried].filter(([, count]) => count !== 0);
  const generation = randomUUID();
  return pool.transaction(async (tx) => {
    await tx`LOCK TABLE queue_marker IN EXCLUSIVE MODE`;
    const before = await readMarker(tx);
    if (before?.generation !== expected)
      throw new AppError("store_contention", "the queue marker has changed meanwhile: look again");
    await tx`DELETE FROM queue_marker`;
    await tx`
      INSERT INTO queue_marker (backend, prefix, shards, generation, replaces)
      VALUES (${place.backend}, ${place.prefix}, ${place.shards}, ${generation}, ${replaces ?? null})`;
    await tx`
      INSERT INTO ledger_counts AS l (org_id, outcome, shard, count)
      SELECT org_id, 'before', 0, count
      FROM unnest(${orgs.map(([orgId]) => orgId)}::uuid[], ${orgs.map(([, count]) => count)}::bigint[]) AS c (org_id, count)
      ON CONFLICT (org_id, outcome, shard) DO UPDATE SET count = l.count + excluded.count`;
    await writeAudit(tx, { actor, action, orgId: undefined, details: { ...details, generation } });
    const after = await readMarker(tx);
    if (after === undefined) throw new AppError("internal", "the queue marker was not written");
    return after;
  });
}
