import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "postgres";
import { inject } from "vitest";

/** What a statement did to a table: the plan's steps that looked at it. */
export interface TableScan {
  readonly table: string;
  /** `Index Scan`, `Seq Scan`, … */
  readonly kind: string;
  /** How many it looked at, those that it threw away included, to within one per time that the step was run. */
  readonly rows: number;
  /** The statement on one line. */
  readonly text: string;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Loops": number;
  readonly "Actual Rows": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Have every statement of new sessions of this database explained as it runs, those inside functions and triggers too. */
export async function logPlans(sql: Sql): Promise<void> {
  const name = await readName(sql);
  const settings = {
    session_preload_libraries: "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
  };
  for (const [setting, value] of Object.entries(settings)) {
    await sql.unsafe(`ALTER DATABASE ${name} SET ${setting} = '${value}'`);
  }
}

/** Read from the server's log which tables of this database were looked at; what was planned and never run is left out. */
export async function readScans(sql: Sql): Promise<TableScan[]> {
  const log = await readFile(join(inject("runFolder"), "postgres.log"), "utf8");
  const entry = new RegExp(` ${await readName(sql)} LOG: .* plan:\\n((?:\\t.*\\n)+)`, "g");
  const plans = [...log.matchAll(entry)].map(
    ([, lines]) =>
      JSON.parse((lines ?? "").replaceAll(/^\t/gm, "")) as { "Query Text": string; Plan: PlanNode },
  );
  return plans.flatMap((plan) =>
    scansOf(plan.Plan).map((scan) => ({ ...scan, text: plan["Query Text"].replaceAll(/\s+/g, " ") })),
  );
}

async function readName(sql: Sql): Promise<string> {
  const [row] = await sql<{ name: string }[]>`SELECT current_database() AS name`;
  if (row === undefined) throw new Error("the server did not say which database this is");
  return row.name;
}

function scansOf(node: PlanNode): Omit<TableScan, "text">[] {
  const table = node["Relation Name"];
  return [
    ...(node["Actual Loops"] > 0 && table !== undefined && node["Node Type"].includes("Scan")
      ? [{ table, kind: node["Node Type"], rows: rowsOf(node) }]
      : []),
    ...(node.Plans ?? []).flatMap(scansOf),
  ];
}

/** The counts are averages over the times that the step was run. */
function rowsOf(node: PlanNode): number {
  const removed = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0);
  return (node["Actual Rows"] + removed) * node["Actual Loops"];
}
