import type { Deed, Plan } from "@turnpike/timeline/dead-letters/bulk-answer";
import { type ActOptions, actPath, criteriaOf } from "./letter-options.ts";
import { say, sayJson, tableOf } from "./print-rows.ts";
import { shownLetters } from "./shown-letters.ts";
import { createTimelineApi } from "./timeline-api.ts";

const verbs = { replay: "replayed", discard: "discarded" } as const;

/**
 * Do something to dead letters, part by part until all that match were looked at. Each letter is looked at once, also when it
 * fails again meanwhile.
 * @returns whether it came to its end.
 */
export async function runAct(
  act: "replay" | "discard",
  receipts: readonly string[],
  options: ActOptions,
  more: Readonly<Record<string, unknown>> = {},
): Promise<boolean> {
  const api = createTimelineApi(options.url);
  const body = { ...criteriaOf(receipts, options), ...more };
  const total = { done: 0, skipped: { replaying: 0, discarded: 0, resolved: 0, unknown: 0, unreadable: 0 } };
  let cursor: string | null = null;
  do {
    const answer: Deed | Plan = await api.post(actPath(act, options), {
      ...body,
      ...(cursor === null ? {} : { cursor }),
    });
    if (answer.dryRun) {
      if (options.json === true) sayJson(answer);
      else sayPlan(answer, verbs[act]);
      return true;
    }
    total.done += answer.done;
    for (const reason of Object.keys(total.skipped) as (keyof Deed["skipped"])[])
      total.skipped[reason] += answer.skipped[reason];
    cursor = answer.nextCursor;
    if (options.json !== true && cursor !== null && answer.stopped === null)
      process.stderr.write(`${total.done} ${verbs[act]}, going on\n`);
    if (answer.stopped !== null || cursor === null) {
      if (options.json === true) sayJson({ ...total, stopped: answer.stopped });
      else sayDeed(total, verbs[act], answer.stopped);
      return answer.stopped === null;
    }
  } while (cursor !== null);
  return true;
}

function sayPlan(plan: Plan, verb: string): void {
  say(`${plan.matched} would be ${verb}${describeSkipped(plan.skipped)}. Nothing was done.`);
  for (const { code, count } of plan.byCode) say(`  ${count} ${code}`);
  if (plan.byOrg.length > 1) for (const { orgId, count } of plan.byOrg) say(`  ${count} of org ${orgId}`);
  if (plan.items.length > 0) say(tableOf(shownLetters, plan.items));
}

function sayDeed(
  { done, skipped }: Pick<Deed, "done" | "skipped">,
  verb: string,
  stopped: Deed["stopped"],
): void {
  say(`${done} ${verb}${describeSkipped(skipped)}.`);
  if (stopped !== null) say(`Stopped: ${stopped}. Run the same command again to go on.`);
}

function describeSkipped(skipped: Deed["skipped"]): string {
  const parts = Object.entries(skipped).filter(([, count]) => count > 0);
  return parts.length === 0
    ? ""
    : `; left alone: ${parts.map(([reason, count]) => `${count} ${reason}`).join(", ")}`;
}
