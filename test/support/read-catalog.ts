import type { Sql } from "postgres";

/** What a table is, in the catalog's words; its name, and those of its parts, are written as `T`, so that tables compare. */
export interface CatalogTable {
  readonly columns: readonly unknown[];
  readonly constraints: readonly unknown[];
  readonly indexes: readonly unknown[];
  readonly triggers: readonly unknown[];
  readonly grants: readonly unknown[];
  readonly owner: string;
  readonly comment: string | null;
}

/** Read a table from the catalog. */
export async function readCatalog(sql: Sql, table: string): Promise<CatalogTable> {
  const columns = await sql`
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attcollation::regcollation::text AS collation,
           a.attnotnull, a.attstorage, a.attcompression, coalesce(a.attstattarget, -1) AS target,
           ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE o LIKE 'n\\_distinct%') AS options,
           pg_get_expr(d.adbin, d.adrelid) AS default
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = ${table}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;
  const constraints = await sql`
    SELECT conname, contype, pg_get_constraintdef(oid) AS definition, convalidated FROM pg_constraint
    WHERE conrelid = ${table}::regclass ORDER BY conname`;
  const indexes = await sql`
    SELECT indexrelid::regclass::text AS name, indisvalid, indisprimary,
           regexp_replace(pg_get_indexdef(indexrelid), ' ON (ONLY )?public\\.\\w+ ', ' ON T ') AS definition
    FROM pg_index WHERE indrelid = ${table}::regclass ORDER BY 1`;
  const triggers = await sql`
    SELECT tgname, tgenabled, replace(pg_get_triggerdef(oid), ' ON public.' || ${table} || ' ', ' ON T ') AS definition
    FROM pg_trigger WHERE tgrelid = ${table}::regclass AND NOT tgisinternal ORDER BY tgname`;
  const grants = await sql`
    SELECT '' AS column, x.grantee::regrole::text, x.privilege_type, x.is_grantable
    FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x WHERE c.oid = ${table}::regclass
    UNION ALL
    SELECT a.attname, x.grantee::regrole::text, x.privilege_type, x.is_grantable
    FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = ${table}::regclass AND a.attnum > 0
    ORDER BY 1, 2, 3`;
  const [row] = await sql<{ owner: string; comment: string | null }[]>`
    SELECT relowner::regrole::text AS owner, obj_description(oid, 'pg_class') AS comment
    FROM pg_class WHERE oid = ${table}::regclass`;
  return {
    columns: [...columns],
    constraints: [...constraints],
    indexes: [...indexes],
    triggers: [...triggers],
    grants: [...grants],
    owner: row?.owner ?? "",
    comment: row?.comment ?? null,
  };
}

/** Read a table's options, and those of what it keeps out of line. */
export async function readOptions(sql: Sql, table: string): Promise<readonly string[]> {
  const [row] = await sql<{ options: string[] }[]>`
    SELECT coalesce(c.reloptions, '{}') || coalesce((SELECT array_agg('toast.' || o) FROM unnest(t.reloptions) o), '{}') AS options
    FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid = ${table}::regclass`;
  return row?.options ?? [];
}

/** List a table's partitions by name; none of one that has none. */
export async function listPartitions(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ${table}::regclass ORDER BY 1`;
  return rows.map(({ name }) => name);
}

/** Read all rows of all tables, as one number per table that tells whether any of it has changed. */
export async function readContents(sql: Sql): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const table of [...growing, "dead_letters", "ledger_counts", "audit_log"]) {
    const [row] = await sql<{ sum: string }[]>`
      SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) AS sum FROM ${sql(table)} t`;
    contents[table] = row?.sum ?? "";
  }
  return contents;
}

/** The tables that are partitioned. */
export const growing = ["sessions", "nodes", "turns", "session_events", "runs", "receipts"] as const;
