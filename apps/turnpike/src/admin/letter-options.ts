import { type Command, InvalidArgumentError } from "commander";
import { parseUuid } from "../parse-option.ts";
import { DEFAULT_TIMELINE_URL } from "./timeline-api.ts";

/** Where to ask, for whom, and how to answer. */
export interface AdminOptions {
  readonly url: string;
  readonly org?: string;
  readonly allOrgs?: boolean;
  readonly json?: boolean;
}

/** Which dead letters are meant. */
export interface LetterOptions extends AdminOptions {
  readonly code?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Which dead letters an act is over, and whether it is only to be tried out. */
export interface ActOptions extends LetterOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

/** Add the options of every command that asks the timeline app. */
export function addAdminOptions(command: Command): Command {
  return command
    .option("--url <url>", "where the timeline app listens", DEFAULT_TIMELINE_URL)
    .option("--org <uuid>", "the org (default: the nil UUID)", parseUuid)
    .option("--json", "print JSON");
}

/** Add the options that say which dead letters are meant. */
export function addLetterOptions(command: Command): Command {
  return addAdminOptions(command)
    .option("--all-orgs", "those of every org")
    .option("--code <code>", "those that failed with this error code")
    .option("--since <time>", "those that failed last at this time or later (RFC 3339)", parseTime)
    .option("--until <time>", "those that failed last before this time (RFC 3339)", parseTime);
}

/** Add the options of an act over dead letters. */
export function addActOptions(command: Command): Command {
  return addLetterOptions(command)
    .argument("[receipt...]", "only these", parseReceipts)
    .option("--all", "every dead letter of the org; needed when nothing narrower is given")
    .option("--dry-run", "only say what would be done");
}

/** The parameters that say which rows are meant, as the timeline app's lists take them. */
export function queryOf({ org, allOrgs, code, since, until }: LetterOptions) {
  return { org_id: org, all_orgs: allOrgs === true ? "true" : undefined, code, since, until };
}

/** The criteria of an act, as the timeline app takes them. */
export function criteriaOf(receipts: readonly string[], options: ActOptions) {
  const { org, allOrgs, code, since, until, all, dryRun } = options;
  return {
    ...(receipts.length === 0 ? {} : { receipts }),
    ...(org === undefined || all === true ? {} : { orgId: org }),
    ...(allOrgs === true ? { allOrgs } : {}),
    ...(code === undefined ? {} : { code }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(all === true ? { all } : {}),
    ...(dryRun === true ? { dryRun } : {}),
  };
}

/** The path of an act: the org is in it where the body leaves it to `all`. */
export function actPath(act: "replay" | "discard", { org, all }: ActOptions): string {
  return `/v1/dead-letters/${act}${org !== undefined && all === true ? `?org_id=${org}` : ""}`;
}

function parseReceipts(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), parseUuid(value)];
}

function parseTime(value: string): string {
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError("must be a date and time.");
  return /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(value) ? value : time.toISOString();
}
