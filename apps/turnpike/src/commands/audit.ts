import type { Command } from "commander";
import { addAdminOptions, type AdminOptions, queryOf } from "../admin/letter-options.ts";
import { type Column, say, sayJson, tableOf } from "../admin/print-rows.ts";
import { createTimelineApi } from "../admin/timeline-api.ts";
import { parseCount } from "../parse-option.ts";

interface ShownAct {
  readonly orgId: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly details: unknown;
}

const MAX_ACTS = 200;

const columns: readonly Column<ShownAct>[] = [
  { head: "at", cell: ({ at }) => `${at.slice(0, 19)}Z` },
  { head: "who", cell: ({ actor }) => actor },
  { head: "what", cell: ({ action }) => action },
  { head: "org", cell: ({ orgId }) => orgId },
  { head: "details", cell: ({ details }) => JSON.stringify(details) },
];

/** Add `turnpike audit`. */
export function addAudit(program: Command): void {
  addAdminOptions(program.command("audit"))
    .description("list what people did to dead letters, the newest first")
    .option("--all-orgs", "the acts of every org")
    .option("--limit <n>", `as many at most, up to ${MAX_ACTS}`, parseCount, 50)
    .action(async (options: AdminOptions & { limit: number }) => {
      const { items } = await createTimelineApi(options.url).get<{ items: readonly ShownAct[] }>(
        "/v1/audit",
        { ...queryOf(options), limit: String(Math.min(options.limit, MAX_ACTS)) },
      );
      if (options.json === true) return sayJson(items);
      say(items.length === 0 ? "Nobody did anything yet." : tableOf(columns, items));
    });
}
