import { loadConfig } from "@turnpike/kit/process/load-config";
import { createLogger } from "@turnpike/kit/process/logger";
import {
  type FailedSurvey,
  openFailedJobs,
  type RecoverCriteria,
} from "@turnpike/queue/failed-jobs/recover-failed";
import { createDeadLetters, type DeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import type { Command } from "commander";
import { plain, say, sayJson } from "../../admin/print-rows.ts";
import { nameOfUser } from "../../admin/timeline-api.ts";
import { parseCount, parseUuid } from "../../parse-option.ts";
import { type Env, Settings } from "../../settings.ts";

interface RecoverOptions {
  readonly org?: string;
  readonly code?: string;
  readonly limit?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

// Of a list for people.
const MAX_REASONS = 20;

/** Add `turnpike queue recover`. */
export function addRecover(command: Command, env: Env): void {
  command
    .command("recover")
    .description(
      "put jobs that the queue gave up without a dead letter back among those that wait; safe to repeat, and while workers run",
    )
    .option("--org <uuid>", "only those of this org", parseUuid)
    .option("--code <code>", "only those that failed with this error code")
    .option("--limit <n>", "so many at most", parseCount)
    .option("--dry-run", "only say how many there are, by reason")
    .option("--json", "print JSON")
    .action((options: RecoverOptions) => recover(options, env));
}

async function recover({ org, code, limit, dryRun, json }: RecoverOptions, env: Env): Promise<void> {
  const settings = loadConfig(Settings, env);
  const { DATABASE_URL, REDIS_URL } = settings;
  if (DATABASE_URL === undefined && REDIS_URL === undefined)
    throw new Error("DATABASE_URL or REDIS_URL must be set: which queue is meant?");
  const failed = openFailedJobs({
    redisUrl: REDIS_URL,
    databaseUrl: DATABASE_URL,
    prefix: settings.QUEUE_PREFIX,
    shards: settings.QUEUE_SHARDS,
    log: createLogger({ level: settings.LOG_LEVEL, name: "turnpike", destination: process.stderr }),
  });
  const audit = DATABASE_URL === undefined ? undefined : openAudit(DATABASE_URL);
  const criteria: RecoverCriteria = { orgId: org, code };
  try {
    const survey = await failed.survey(criteria);
    if (dryRun === true || survey.matched === 0)
      return json === true ? sayJson({ ...survey, recovered: 0 }) : sayPlan(survey);
    const details = { ...(code === undefined ? {} : { code }), ...(limit === undefined ? {} : { limit }) };
    await note(audit, org, "queue.recover_begun", { ...details, matched: survey.matched });
    const recovered = await failed.recover(criteria, limit);
    await note(audit, org, "queue.recover", { ...details, recovered });
    if (json === true) sayJson({ ...survey, recovered });
    else say(`${recovered.toLocaleString("en")} jobs wait again.${describeOthers(survey)}`);
  } finally {
    await failed.close();
    await audit?.close();
  }
}

function openAudit(url: string): DeadLetters {
  return createDeadLetters({ url, maxConnections: 1, name: "turnpike-queue-recover" });
}

/** Jobs are brought back also where the audit log cannot be reached: that may be why they lie there. */
async function note(
  audit: DeadLetters | undefined,
  orgId: string | undefined,
  action: string,
  details: Readonly<Record<string, string | number>>,
): Promise<void> {
  try {
    if (audit === undefined) throw new Error("DATABASE_URL is not set");
    await audit.writeAudit({ actor: nameOfUser(), action, orgId, details });
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown";
    process.stderr.write(`turnpike: ${action} is not in the audit log: ${reason}\n`);
  }
}

function sayPlan(survey: FailedSurvey): void {
  if (survey.matched === 0) return say(`Nothing to recover.${describeOthers(survey)}`);
  say(
    `${survey.matched.toLocaleString("en")} jobs would wait again.${describeOthers(survey)} Nothing was done.`,
  );
  for (const { reason, count } of survey.byReason.slice(0, MAX_REASONS)) say(`  ${count} ${plain(reason)}`);
  const more = survey.byReason.length - MAX_REASONS;
  if (more > 0) say(`  and ${more} other reasons`);
}

function describeOthers({ notOurs }: FailedSurvey): string {
  return notOurs === 0 ? "" : ` ${notOurs} more are none of Turnpike's, and are left alone.`;
}
