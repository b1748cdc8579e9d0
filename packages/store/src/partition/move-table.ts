/**
 * Makes a partitioned table of a plain one, in the caller's transaction, which has the table to itself. The rule that must stay
 * true: triggers are made after the rows have been moved, so none of them takes a moved row for a new one.
 */
import { AppError } from "@turnpike/domain/errors";
import { escapeIdentifier, escapeLiteral } from "pg";
import { copyGrants } from "./copy-grants.ts";
import { readDefinition, type TableDefinition, type TableTrigger } from "./read-definition.ts";
import { countRows, type SurveyedTable } from "./survey-tables.ts";
import type { Run } from "../connection/with-session.ts";

// Not what Postgres calls `enabled`, but what ALTER TABLE does.
const enabling: Readonly<Record<string, string>> = {
  A: "ENABLE ALWAYS",
  R: "ENABLE REPLICA",
  D: "DISABLE",
};

/**
 * Move a table's rows into so many partitions behind the same name, with everything that it has. The old table goes.
 * @returns how many rows there were, and are.
 * @throws AppError `internal` when one is missing.
 */
export async function moveTable(run: Run, table: SurveyedTable, partitions: number): Promise<number> {
  const { path, schema, name } = table;
  const definition = await readDefinition(run, table);
  const oldName = escapeIdentifier(`${name}_whole`);
  const oldPath = `${schema}.${oldName}`;
  const parts = namesOf(name, partitions).map((part) => `${schema}.${escapeIdentifier(part)}`);

  const before = await countRows(run, path);
  await run(`ALTER TABLE ${path} RENAME TO ${oldName}`);
  await makeEmpty(run, { path, oldPath, parts }, definition);
  const columns = definition.columns.join(", ");
  await run(`INSERT INTO ${path} (${columns}) SELECT ${columns} FROM ${oldPath}`);
  const after = await countRows(run, path);
  if (after !== before) throw new AppError("internal", `${name} had ${before} rows and would have ${after}`);
  await run(`DROP TABLE ${oldPath}`);

  // Its names are free now. Indexes are made faster over rows than row by row.
  for (const key of definition.keys) {
    await run(`ALTER TABLE ${path} ADD CONSTRAINT ${key.name} ${key.definition}`);
  }
  for (const index of definition.indexes) await run(index);
  for (const trigger of definition.triggers) await makeTrigger(run, trigger, path, parts);
  for (const one of [path, ...parts]) await copyGrants(run, one, definition);
  return after;
}

/** The names of a table's partitions, in their order. */
function namesOf(table: string, partitions: number): string[] {
  const digits = String(partitions - 1).length;
  return Array.from(
    { length: partitions },
    (_unused, part) => `${table}_p${String(part).padStart(digits, "0")}`,
  );
}

async function makeEmpty(
  run: Run,
  names: { readonly path: string; readonly oldPath: string; readonly parts: readonly string[] },
  { tablespace, options, columnSettings, comment }: TableDefinition,
): Promise<void> {
  const { path, oldPath, parts } = names;
  // What else `INCLUDING ALL` means was found to be absent (`find-obstacles.ts`).
  await run(
    `CREATE TABLE ${path} (LIKE ${oldPath} INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY EXCLUDING STATISTICS)
     PARTITION BY HASH (org_id)${tablespace === null ? "" : ` TABLESPACE ${tablespace}`}`,
  );
  // Partitions take columns, their storage and compression, constraints and tablespace from the table, but no options.
  const withOptions = options.length === 0 ? "" : ` WITH (${options.join(", ")})`;
  for (const [remainder, part] of parts.entries()) {
    await run(
      `CREATE TABLE ${part} PARTITION OF ${path} FOR VALUES WITH (MODULUS ${parts.length}, REMAINDER ${remainder})${withOptions}`,
    );
  }
  if (columnSettings.length > 0) {
    for (const one of [path, ...parts]) await run(`ALTER TABLE ${one} ${columnSettings.join(", ")}`);
  }
  if (comment !== null) await run(`COMMENT ON TABLE ${path} IS ${escapeLiteral(comment)}`);
}

/**
 * A trigger for each row reaches the partitions by itself. One for each statement fires for the table that the statement names:
 * so each partition has its own, or whoever names a partition would be under no rule.
 */
async function makeTrigger(
  run: Run,
  { name, definition, isForEachRow, enabled }: TableTrigger,
  path: string,
  parts: readonly string[],
): Promise<void> {
  for (const one of isForEachRow ? [path] : [path, ...parts]) {
    await run(definition.replace(` ON ${path} `, () => ` ON ${one} `));
    const how = enabling[enabled];
    if (how !== undefined) await run(`ALTER TABLE ${one} ${how} TRIGGER ${name}`);
  }
}
