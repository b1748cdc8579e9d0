import type { Command } from "commander";
import { addAdminOptions, type AdminOptions } from "../../admin/letter-options.ts";
import { plain, say, sayJson } from "../../admin/print-rows.ts";
import { createTimelineApi } from "../../admin/timeline-api.ts";
import { parseUuid } from "../../parse-option.ts";

interface ShownDetail extends Readonly<Record<string, string | number | boolean | null>> {
  readonly body: string | null;
  readonly bodyChars: number | null;
  readonly isTruncated: boolean;
}

/** Add `turnpike dead-letters show`. */
export function addShowDeadLetter(command: Command): void {
  addAdminOptions(command.command("show"))
    .argument("<receipt>", "the letter's receipt", parseUuid)
    .description("show one dead letter with the beginning of its body")
    .option("--full", "the whole body")
    .action(async (receipt: string, options: AdminOptions & { full?: boolean }) => {
      const letter = await createTimelineApi(options.url).get<ShownDetail>(`/v1/dead-letters/${receipt}`, {
        org_id: options.org,
        full: options.full === true ? "true" : undefined,
      });
      if (options.json === true) return sayJson(letter);
      const { body, bodyChars, isTruncated, ...facts } = letter;
      for (const [name, value] of Object.entries(facts)) {
        if (value !== null) say(`${name.padEnd(14)} ${plain(String(value))}`);
      }
      say(body === null ? "\nIts body is not kept any more." : `\n${plain(body)}`);
      if (isTruncated) say(`\n… of ${bodyChars} characters: --full shows them all.`);
    });
}
