import type { DeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { type Deed, noneSkipped } from "./bulk-answer.ts";
import type { Act } from "./selection.ts";
import { skippedBefore } from "./plan-bulk.ts";
import { describeFilter } from "./replay-letters.ts";

/** Discard dead letters, all those of one request or none, together with their entry in the audit log. */
export async function discardLetters(
  deadLetters: Pick<DeadLetters, "survey" | "select" | "discard">,
  act: Act,
  actor: string,
): Promise<Deed> {
  const { filter, limit, cursor } = act;
  const page = await deadLetters.select(filter, ["dead"], { limit, cursor });
  const survey = cursor === undefined ? await deadLetters.survey(filter) : undefined;
  const done = await deadLetters.discard(page.keys, (discarded) => ({
    actor,
    action: "dead_letters.discard",
    orgId: filter.orgId,
    details: { filter: describeFilter(act), discarded },
  }));
  const last = page.keys.at(-1);
  return {
    dryRun: false,
    done,
    skipped: {
      ...noneSkipped,
      ...(survey === undefined ? {} : skippedBefore(survey)),
      replaying: (survey?.byState.replaying ?? 0) + page.keys.length - done,
    },
    stopped: null,
    nextCursor: page.hasMore && last !== undefined ? page.cursorAfter(last) : null,
  };
}
