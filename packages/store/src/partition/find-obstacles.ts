import { growingTables } from "./growing-tables.ts";
import type { SurveyedTable } from "./survey-tables.ts";
import type { Run } from "../connection/with-session.ts";

/**
 * List, in words, what stands in the way of partitioning these tables. Whatever somebody has added to a table and `move-table.ts`
 * would not carry over is named here, so that nothing is lost in silence.
 */
export async function findObstacles(
  run: Run,
  tables: readonly SurveyedTable[],
  partitions: number,
): Promise<string[]> {
  const there = new Set(tables.map(({ name }) => name));
  const missing = growingTables.filter((name) => !there.has(name));
  if (missing.length > 0) return [`there is no table ${missing.join(", ")}: run \`turnpike migrate\` first`];
  const partitioned = tables.filter((table) => table.key !== null);
  const plain = tables.filter((table) => table.key === null);
  return [
    ...partitioned.flatMap((table) => describeOther(table, partitions)),
    ...(plain.length === 0
      ? []
      : [...(await findAdditions(run, plain)), ...(await findLackOfLocks(run, plain, partitions))]),
  ];
}

function describeOther({ name, key, partitions: actual }: SurveyedTable, wanted: number): string[] {
  if (key !== "HASH (org_id)") return [`${name} is partitioned by ${key}, not by HASH (org_id)`];
  if (actual === wanted) return [];
  return [
    `${name} has ${actual} partitions, and their number cannot be changed: to have another, move the data into a new installation`,
  ];
}

async function findAdditions(run: Run, tables: readonly SurveyedTable[]): Promise<string[]> {
  const { rows } = await run<{ what: string }>(
    `WITH t AS (SELECT c.*, c.oid::regclass::text AS name FROM pg_class c WHERE c.oid = ANY($1::oid[]))
     SELECT t.name || ' is not a permanent table' AS what FROM t WHERE t.relkind <> 'r' OR t.relpersistence <> 'p'
     UNION ALL
     SELECT t.name || ' is part of an inheritance' FROM t JOIN pg_inherits i ON t.oid IN (i.inhparent, i.inhrelid)
     UNION ALL
     SELECT t.name || ' has a replica identity of its own' FROM t WHERE t.relreplident <> 'd'
     UNION ALL
     SELECT t.name || ' has row security' FROM t WHERE t.relrowsecurity
     UNION ALL
     SELECT pg_describe_object(d.classid, d.objid, d.objsubid) || ' depends on ' || t.name
     FROM t JOIN pg_depend d ON d.deptype = 'n' AND d.classid NOT IN ('pg_constraint'::regclass, 'pg_trigger'::regclass)
       AND (d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
            OR d.refclassid = 'pg_type'::regclass AND d.refobjid = t.reltype)
     UNION ALL
     SELECT t.name || ' has the rule ' || r.rulename FROM t JOIN pg_rewrite r ON r.ev_class = t.oid
     UNION ALL
     SELECT t.name || ' has the constraint ' || c.conname || ', which partitions cannot have'
     FROM t JOIN pg_constraint c ON t.oid IN (c.conrelid, c.confrelid) AND c.contype IN ('f', 'x')
     UNION ALL
     SELECT t.name || ' has the unique index ' || i.indexrelid::regclass || ', which is not by org_id'
     FROM t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
     WHERE NOT EXISTS (
       SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'org_id'
         AND a.attnum = ANY((string_to_array(i.indkey::text, ' ')::int2[])[1:i.indnkeyatts]))
     UNION ALL
     SELECT t.name || ' has the trigger ' || g.tgname || ', which partitions cannot have'
     FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND g.tgtype & 1 = 1
       AND (g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL)
     UNION ALL
     SELECT t.name || ' owns ' || d.objid::regclass
     FROM t JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.refobjsubid > 0
       AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
     JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
     UNION ALL
     SELECT t.name || ' has the statistics ' || s.stxname FROM t JOIN pg_statistic_ext s ON s.stxrelid = t.oid
     UNION ALL
     SELECT t.name || ' is in the publication ' || p.pubname
     FROM t JOIN pg_publication_rel r ON r.prrelid = t.oid JOIN pg_publication p ON p.oid = r.prpubid`,
    [tables.map(({ oid }) => oid)],
  );
  return rows.map(({ what }) => what);
}

/** The transaction has a lock on every table and index that it makes, in memory whose size is set when the server starts. */
async function findLackOfLocks(
  run: Run,
  tables: readonly SurveyedTable[],
  partitions: number,
): Promise<string[]> {
  const { rows } = await run<{ needed: number; room: number }>(
    `SELECT (SELECT sum(3 + (SELECT count(*) FROM pg_index WHERE indrelid = c.oid)) FROM pg_class c WHERE c.oid = ANY($1::oid[]))::int
              * $2::int AS needed,
            current_setting('max_locks_per_transaction')::int
              * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int) AS room`,
    [tables.map(({ oid }) => oid), partitions],
  );
  const [{ needed, room } = { needed: 0, room: 0 }] = rows;
  return needed <= room
    ? []
    : [
        `${needed} locks are needed and the server has room for ${room}: raise max_locks_per_transaction, or take fewer partitions`,
      ];
}
