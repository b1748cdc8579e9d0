import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "postgres";
import { inject } from "vitest";

/** What a statement did to a table: the plan's steps that looked at it. */
export interface TableScan {
  readonly table: string;
  /** `Index Scan`, `Seq Scan`, … */
  readonly kind: string;
  readonly text: string;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Loops": number;
  readonly Plans?: readonly PlanNode[];
}

/** Have every statement of new sessions of this database explained as it runs, those inside functions and triggers too. */
export async function logPlans(sql: Sql): Promise<void> {
  const [row] = await sql<{ name: string }[]>`SELECT current_database() AS name`;
  const settings = {
    session_preload_libraries: "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
  };
  for (const [name, value] of Object.entries(settings)) {
    await sql.unsafe(`ALTER DATABASE ${row?.name} SET ${name} = '${value}'`);
  }
}

/** Read from the server's log which tables were looked at; what was planned and never run is left out. */
export async function readScans(): Promise<TableScan[]> {
  const log = await readFile(join(inject("runFolder"), "postgres.log"), "utf8");
  const plans = [...log.matchAll(/ plan:\n((?:\t.*\n)+)/g)].map(
    ([, lines]) =>
      JSON.parse((lines ?? "").replaceAll(/^\t/gm, "")) as { "Query Text": string; Plan: PlanNode },
  );
  return plans.flatMap((plan) => scansOf(plan.Plan).map((scan) => ({ ...scan, text: plan["Query Text"] })));
}

function scansOf(node: PlanNode): Omit<TableScan, "text">[] {
  const table = node["Relation Name"];
  return [
    ...(node["Actual Loops"] > 0 && table !== undefined && node["Node Type"].includes("Scan")
      ? [{ table, kind: node["Node Type"] }]
      : []),
    ...(node.Plans ?? []).flatMap(scansOf),
  ];
}
