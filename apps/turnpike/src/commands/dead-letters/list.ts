import type { Command } from "commander";
import { addLetterOptions, type LetterOptions, queryOf } from "../../admin/letter-options.ts";
import { say, sayJson, tableOf } from "../../admin/print-rows.ts";
import { type ShownLetter, shownLetters } from "../../admin/shown-letters.ts";
import { createTimelineApi } from "../../admin/timeline-api.ts";
import { parseCount } from "../../parse-option.ts";

const PAGE = 200;

interface Page {
  readonly items: readonly ShownLetter[];
  readonly nextCursor: string | null;
}

/** Add `turnpike dead-letters list`. */
export function addListDeadLetters(command: Command): void {
  addLetterOptions(command.command("list"))
    .description("list dead letters, the last failed first")
    .option("--state <state>", "dead, replaying, discarded or resolved")
    .option("--limit <n>", "as many at most", parseCount, 50)
    .action(async (options: LetterOptions & { state?: string; limit: number }) => {
      const { items, hasMore } = await readLetters(options);
      if (options.json === true) return sayJson(items);
      if (items.length === 0) return say("There are none.");
      say(tableOf(shownLetters, items));
      if (hasMore) say(`There are more than ${items.length}: narrow it, or raise --limit.`);
    });
}

async function readLetters(options: LetterOptions & { state?: string; limit: number }) {
  const api = createTimelineApi(options.url);
  const items: ShownLetter[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page: Page = await api.get("/v1/dead-letters", {
      ...queryOf(options),
      state: options.state,
      limit: String(Math.min(PAGE, options.limit - items.length)),
      cursor,
    });
    items.push(...page.items);
    if (page.nextCursor === null || items.length >= options.limit)
      return { items, hasMore: page.nextCursor !== null };
    cursor = page.nextCursor;
  }
}
