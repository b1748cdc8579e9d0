import type { DeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import type { LetterSurvey } from "@turnpike/store/dead-letters/survey-dead-letters";
import { noneSkipped, type Plan } from "./bulk-answer.ts";
import type { Act } from "./selection.ts";

const SHOWN_LETTERS = 20;

/** Say what an act would do, without doing anything. */
export async function planAct(
  deadLetters: Pick<DeadLetters, "survey" | "list">,
  { filter }: Act,
): Promise<Plan> {
  const [survey, { items }] = await Promise.all([
    deadLetters.survey(filter),
    deadLetters.list({ ...filter, state: "dead", limit: SHOWN_LETTERS }),
  ]);
  return {
    dryRun: true,
    matched: survey.byState.dead,
    skipped: { ...noneSkipped, replaying: survey.byState.replaying, ...skippedBefore(survey) },
    byCode: [...survey.byCode],
    byOrg: [...survey.byOrg],
    items,
  };
}

/** What an act does not even look at. */
export function skippedBefore({ byState, unknown }: LetterSurvey) {
  return { discarded: byState.discarded, resolved: byState.resolved, unknown };
}
