import type { Ledger, LedgerLine } from "@turnpike/timeline/ledger/ledger";
import type { Command } from "commander";
import { addAdminOptions, type AdminOptions } from "../admin/letter-options.ts";
import { type Column, say, sayJson, tableOf } from "../admin/print-rows.ts";
import { createTimelineApi } from "../admin/timeline-api.ts";

const columns: readonly Column<LedgerLine & { readonly orgId: string }>[] = [
  { head: "org", cell: ({ orgId }) => orgId },
  { head: "accepted", align: "right", cell: ({ accepted }) => accepted },
  { head: "stored", align: "right", cell: ({ stored }) => stored },
  { head: "duplicate", align: "right", cell: ({ duplicate }) => duplicate },
  { head: "dead", align: "right", cell: ({ deadLettered }) => deadLettered },
  { head: "discarded", align: "right", cell: ({ discarded }) => discarded },
  { head: "in flight", align: "right", cell: ({ inFlight }) => inFlight },
  { head: "failed", align: "right", cell: ({ failed }) => failed },
  { head: "difference", align: "right", cell: ({ difference }) => difference },
];

/** Add `turnpike ledger`. */
export function addLedger(program: Command): void {
  addAdminOptions(program.command("ledger"))
    .description("account for everything that was accepted; exits 1 when something is not accounted for")
    .action(async (options: AdminOptions) => {
      const ledger = await createTimelineApi(options.url).get<Ledger>("/v1/ledger", { org_id: options.org });
      if (ledger.total.difference !== 0) process.exitCode = 1;
      if (options.json === true) return sayJson(ledger);
      say(tableOf(columns, [...ledger.items, { orgId: "all", ...ledger.total }]));
      say(
        ledger.total.difference === 0
          ? "Everything that was accepted is accounted for."
          : `${ledger.total.difference} not accounted for.`,
      );
      if (ledger.total.failed > 0)
        say(
          `${ledger.total.failed} were given up by the queue; \`turnpike queue recover\` brings them back.`,
        );
    });
}
