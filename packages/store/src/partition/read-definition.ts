import type { SurveyedTable } from "./survey-tables.ts";
import type { Run } from "../connection/with-session.ts";

/** What makes a table what it is, beyond its columns: as clauses of SQL, names quoted. */
export interface TableDefinition {
  readonly owner: string;
  readonly tablespace: string | null;
  /** `fillfactor=20`, `toast.autovacuum_enabled=off`, … */
  readonly options: readonly string[];
  /** Those that can be inserted. */
  readonly columns: readonly string[];
  /** Actions of ALTER TABLE that set what `LIKE` does not copy. */
  readonly columnSettings: readonly string[];
  readonly comment: string | null;
  /** Primary and unique keys: name and definition. */
  readonly keys: readonly { readonly name: string; readonly definition: string }[];
  /** CREATE INDEX, of indexes that belong to no key. */
  readonly indexes: readonly string[];
  readonly triggers: readonly TableTrigger[];
  readonly grants: readonly Grant[];
}

/** A trigger. */
export interface TableTrigger {
  readonly name: string;
  /** CREATE TRIGGER. */
  readonly definition: string;
  readonly isForEachRow: boolean;
  /** When it fires: `O` is always but on a replica's side. */
  readonly enabled: string;
}

/** A right on a table, or on one of its columns. */
export interface Grant {
  readonly privilege: string;
  /** Quoted; null is the table. */
  readonly column: string | null;
  /** Quoted, or PUBLIC. */
  readonly grantee: string;
  readonly isGrantable: boolean;
}

type Scalars = Pick<
  TableDefinition,
  "owner" | "tablespace" | "options" | "columns" | "columnSettings" | "comment"
>;

// Those that ALTER TABLE documents. A server may keep notes of its own among them, which nobody can set and pg_dump leaves out (seen
// on one of 15.20: `pg_attver`).
const COLUMN_OPTIONS = ["n_distinct", "n_distinct_inherited"];

/** Read a table's definition from the catalog. */
export async function readDefinition(run: Run, { oid }: SurveyedTable): Promise<TableDefinition> {
  const { rows } = await run<Scalars>(
    `SELECT quote_ident(pg_get_userbyid(c.relowner)) AS owner, quote_ident(s.spcname) AS tablespace,
            coalesce(c.reloptions, '{}') || coalesce((SELECT array_agg('toast.' || o) FROM unnest(t.reloptions) AS o), '{}')
              AS options,
            ARRAY(SELECT quote_ident(attname) FROM pg_attribute
                  WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum) AS columns,
            ARRAY(SELECT format('ALTER COLUMN %I SET STATISTICS %s', attname, attstattarget) FROM pg_attribute
                  WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0
                  UNION ALL
                  SELECT format('ALTER COLUMN %I SET (%s = %s)', attname, o.option_name, o.option_value)
                  FROM pg_attribute, pg_options_to_table(attoptions) o
                  WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND o.option_name = ANY($2)) AS "columnSettings",
            obj_description(c.oid, 'pg_class') AS comment
     FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
     WHERE c.oid = $1`,
    [oid, COLUMN_OPTIONS],
  );
  const keys = await run<TableDefinition["keys"][number]>(
    `SELECT quote_ident(k.conname) AS name,
            pg_get_constraintdef(k.oid) || coalesce(' WITH (' || array_to_string(i.reloptions, ', ') || ')', '') AS definition
     FROM pg_constraint k JOIN pg_class i ON i.oid = k.conindid
     WHERE k.conrelid = $1 AND k.contype IN ('p', 'u') ORDER BY k.contype, k.conname`,
    [oid],
  );
  const indexes = await run<{ definition: string }>(
    `SELECT pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
     WHERE i.indrelid = $1 AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = $1 AND k.conindid = i.indexrelid)
     ORDER BY i.indexrelid`,
    [oid],
  );
  const triggers = await run<TableTrigger>(
    `SELECT quote_ident(tgname) AS name, pg_get_triggerdef(oid) AS definition, tgtype & 1 = 1 AS "isForEachRow",
            tgenabled AS enabled
     FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal ORDER BY tgname`,
    [oid],
  );
  const [scalars] = rows;
  if (scalars === undefined) throw new Error("a table that was just locked is gone");
  return {
    ...scalars,
    keys: keys.rows,
    indexes: indexes.rows.map(({ definition }) => definition),
    triggers: triggers.rows,
    grants: await readGrants(run, oid),
  };
}

/** Read the rights on a table, by its oid; those of its owner as well. */
export async function readGrants(run: Run, oid: number): Promise<Grant[]> {
  const { rows } = await run<Grant>(
    `SELECT a.privilege_type AS privilege, a.column, a.is_grantable AS "isGrantable",
            CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
     FROM (
       SELECT x.*, NULL AS column FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
       WHERE c.oid = $1
       UNION ALL
       SELECT x.*, quote_ident(t.attname) FROM pg_attribute t, aclexplode(t.attacl) x
       WHERE t.attrelid = $1 AND t.attnum > 0 AND NOT t.attisdropped
     ) a`,
    [oid],
  );
  return rows;
}
