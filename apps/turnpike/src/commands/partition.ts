import { isAppError } from "@turnpike/domain/errors";
import { loadConfig } from "@turnpike/kit/process/load-config";
import {
  partitionTables,
  planPartitions,
  type PartitionPlan,
  type PartitionResult,
  type TableMove,
} from "@turnpike/store/partition/partition-tables";
import { type Command, InvalidArgumentError } from "commander";
import { type Column, say, tableOf } from "../admin/print-rows.ts";
import { parseCount } from "../parse-option.ts";
import { type Env, Settings } from "../settings.ts";

interface PartitionCommandOptions {
  readonly partitions: number;
  readonly wait: number;
  readonly dryRun?: boolean;
}

// Of 64 a transaction at ingest costs three to five times the CPU already (docs/scaling.md).
const MAX_PARTITIONS = 128;
const MIB = 1024 * 1024;

const columns: readonly Column<TableMove>[] = [
  { head: "table", cell: ({ table }) => table },
  { head: "rows", align: "right", cell: ({ rows }) => rows },
  { head: "MiB", align: "right", cell: ({ bytes }) => toMib(bytes) },
];

/** Add `turnpike partition`. */
export function addPartition(program: Command, env: Env): void {
  program
    .command("partition")
    .description(
      "split the large tables of DATABASE_URL by org, with what they hold, for good; stop the workers first. Safe to repeat",
    )
    .requiredOption("--partitions <n>", `how many parts each gets, 2 to ${MAX_PARTITIONS}`, parsePartitions)
    .option("--wait <seconds>", "for how long to try while the tables are in use", parseCount, 60)
    .option("--dry-run", "tell what would be done, with rows and bytes, and do nothing")
    .action((options: PartitionCommandOptions) => partition(options, env));
}

async function partition(options: PartitionCommandOptions, env: Env): Promise<void> {
  const { DATABASE_URL } = loadConfig(Settings, env);
  if (DATABASE_URL === undefined) {
    throw new Error("DATABASE_URL must be set: which database is to be partitioned?");
  }
  const { partitions } = options;
  const result = await (
    options.dryRun === true
      ? planPartitions(DATABASE_URL, partitions)
      : partitionTables(DATABASE_URL, {
          partitions,
          waitMs: options.wait * 1_000,
          onProgress: reportProgress,
        })
  ).catch((error: unknown) => {
    throw new Error(
      `${describeFailure(error)}: nothing was changed, unless the connection was lost at the very end`,
      {
        cause: error,
      },
    );
  });
  report(result, options);
}

function report(
  result: PartitionPlan | PartitionResult,
  { partitions, wait }: PartitionCommandOptions,
): void {
  switch (result.outcome) {
    case "would_partition":
      say(tableOf(columns, result.moves));
      say(
        `Each would be moved into ${partitions} partitions by org; while that runs, nothing can be read or written there. ` +
          `It needs some ${toMib(sumBytes(result.moves)).toLocaleString("en")} MiB of disk beyond what is used now, and as much ` +
          "again for the write-ahead log if that is archived or replicated. Nothing was done.",
      );
      return;
    case "partitioned":
      say(tableOf(columns, result.moves));
      say(`Each was moved into ${partitions} partitions by org.`);
      if (!result.isAnalysed) say("Run ANALYZE: the planner knows nothing of them yet.");
      return;
    case "nothing_to_do":
      say(`The tables have ${partitions} partitions each: nothing to do.`);
      return;
    case "refused":
      throw new Error(
        `cannot be partitioned; nothing was changed\n${result.reasons.map((reason) => `  ${reason}`).join("\n")}`,
      );
    case "in_use":
      throw new Error(
        `the tables were in use for ${wait} s${describeHolders(result.holders)}; nothing was changed. ` +
          "Stop the workers (turns wait in the queue meanwhile), or give it longer with --wait",
      );
  }
}

function reportProgress({ table, bytes, rows }: { table: string; bytes: number; rows?: number }): void {
  process.stderr.write(
    rows === undefined
      ? `${table}: moving ${toMib(bytes).toLocaleString("en")} MiB …\n`
      : `${table}: ${rows.toLocaleString("en")} rows are in place\n`,
  );
}

function describeHolders(holders: readonly string[]): string {
  return holders.length === 0 ? "" : `, at last by ${holders.join(", ")}`;
}

/** With the server's own words: what stands in the way is for the person who runs this to know. */
function describeFailure(error: unknown): string {
  if (!isAppError(error)) return error instanceof Error ? error.message : String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

function sumBytes(moves: readonly TableMove[]): number {
  return moves.reduce((sum, { bytes }) => sum + bytes, 0);
}

function toMib(bytes: number): number {
  return Math.ceil(bytes / MIB);
}

function parsePartitions(value: string): number {
  const partitions = parseCount(value);
  if (partitions < 2 || partitions > MAX_PARTITIONS) {
    throw new InvalidArgumentError(`must be 2 to ${MAX_PARTITIONS}.`);
  }
  return partitions;
}
