/**
 * Turns the tables that grow into tables with hash partitions by org, with the rows that they hold. Names, keys, indexes, rules
 * and rights stay: nobody who reads or writes them knows the difference. In one transaction, so all of it or nothing.
 */
import { MIGRATION_LOCK } from "../connection/migration-lock.ts";
import { findObstacles } from "./find-obstacles.ts";
import { listHolders, lockTables } from "./lock-tables.ts";
import { moveTable } from "./move-table.ts";
import { countRows, surveyTables, type SurveyedTable } from "./survey-tables.ts";
import { type Run, withSession } from "../connection/with-session.ts";

/** What is to be done to a table, or was. */
export interface TableMove {
  readonly table: string;
  readonly rows: number;
  /** On disk, indexes included, before. */
  readonly bytes: number;
}

/** How partitioning ended. Nothing was changed but in the first case. */
export type PartitionResult =
  | {
      readonly outcome: "partitioned";
      readonly moves: readonly TableMove[];
      /** Whether the planner has statistics of the new tables; else somebody must run ANALYZE. */
      readonly isAnalysed: boolean;
    }
  | { readonly outcome: "nothing_to_do" }
  /** For these reasons, in words. */
  | { readonly outcome: "refused"; readonly reasons: readonly string[] }
  /** The tables were never free; by whom they were used last. */
  | { readonly outcome: "in_use"; readonly holders: readonly string[] };

/** What partitioning would do. */
export type PartitionPlan =
  | { readonly outcome: "would_partition"; readonly moves: readonly TableMove[] }
  | Extract<PartitionResult, { readonly outcome: "nothing_to_do" | "refused" }>;

/** How to partition. */
export interface PartitionOptions {
  /** How many partitions each table gets; it cannot be changed later. */
  readonly partitions: number;
  /** For how long to try to have the tables to itself. */
  readonly waitMs: number;
  /** Called when a table is begun, and when it is done, then with its rows. */
  readonly onProgress: (progress: {
    readonly table: string;
    readonly bytes: number;
    readonly rows?: number;
  }) => void;
}

const NAME = "turnpike-partition";

/**
 * Partition the tables that grow. Whoever uses them meanwhile waits, or is told to try again. Idempotent; processes that run it
 * together wait for one another, and for migrations. Takes about twice the room of the data while it runs, and as long as
 * it takes to write them anew.
 * @throws AppError `store_unavailable`, `store_contention`, `store_rejected` or `store_failed`; then nothing was changed.
 */
export function partitionTables(databaseUrl: string, options: PartitionOptions): Promise<PartitionResult> {
  return withSession(databaseUrl, NAME, async (run) => {
    await run("SELECT pg_advisory_lock($1::bigint)", [MIGRATION_LOCK]);
    const surveyed = await survey(run, options.partitions);
    if (surveyed.outcome !== "would_partition") return surveyed;
    const { tables } = surveyed;
    if (!(await lockTables(run, tables, options.waitMs))) {
      return { outcome: "in_use", holders: await listHolders(run, tables) };
    }
    const moves = await moveTables(run, tables, options).catch(async (error: unknown) => {
      await run("ROLLBACK").catch(() => {});
      throw error;
    });
    // The planner knows nothing of the new tables; nor would autovacuum ever look at a partitioned table as a whole.
    const isAnalysed = await run(`ANALYZE ${tables.map(({ path }) => path).join(", ")}`).then(
      () => true,
      () => false,
    );
    return { outcome: "partitioned", moves, isAnalysed };
  });
}

/**
 * Tell what partitioning would do, without doing it. Counts every row.
 * @throws AppError `store_unavailable`, `store_contention` or `store_failed`.
 */
export function planPartitions(databaseUrl: string, partitions: number): Promise<PartitionPlan> {
  return withSession(databaseUrl, NAME, async (run) => {
    const surveyed = await survey(run, partitions);
    if (surveyed.outcome !== "would_partition") return surveyed;
    const moves: TableMove[] = [];
    for (const { name, path, bytes } of surveyed.tables) {
      moves.push({ table: name, rows: await countRows(run, path), bytes });
    }
    return { outcome: "would_partition", moves };
  });
}

async function moveTables(
  run: Run,
  tables: readonly SurveyedTable[],
  { partitions, onProgress }: PartitionOptions,
): Promise<TableMove[]> {
  const moves: TableMove[] = [];
  for (const table of tables) {
    const { name, bytes } = table;
    onProgress({ table: name, bytes });
    const rows = await moveTable(run, table, partitions);
    moves.push({ table: name, rows, bytes });
    onProgress({ table: name, bytes, rows });
  }
  await run("COMMIT");
  return moves;
}

async function survey(run: Run, partitions: number) {
  const tables: SurveyedTable[] = await surveyTables(run);
  const reasons = await findObstacles(run, tables, partitions);
  if (reasons.length > 0) return { outcome: "refused" as const, reasons };
  const plain = tables.filter((table) => table.key === null);
  return plain.length === 0
    ? { outcome: "nothing_to_do" as const }
    : { outcome: "would_partition" as const, tables: plain };
}
