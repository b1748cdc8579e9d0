/**
 * Which failed attempts are held against a job. A database that fails for all says nothing of any of them; one that stores others and
 * fails over this one does. So a suspect attempt counts only when the same has gone well for another job, in this process, since this
 * job failed the time before: in an outage nothing counts, however long it lasts, and neither in a quiet hour.
 */
import type { AppError } from "@turnpike/domain/errors";
import type { JobMarks } from "./job-progress.ts";
import { verdicts } from "./retry-policy.ts";

/**
 * Note a failure.
 * @param now ISO 8601.
 */
export function holdAgainst(marks: JobMarks, failure: AppError, now: string): JobMarks {
  const { countedAttempts = 0, suspectFailedAt } = marks;
  const isSuspect = verdicts[failure.code] === "suspect";
  const counts = verdicts[failure.code] === "retry" || (isSuspect && haveOthersGoneWell(marks, failure, now));
  return {
    firstFailedAt: marks.firstFailedAt ?? now,
    // The process has survived: what was noted of a run alone is no longer true.
    lonelyRuns: 0,
    countedAttempts: countedAttempts + (counts ? 1 : 0),
    suspectFailedAt: isSuspect || suspectFailedAt !== undefined ? now : undefined,
  };
}

/** Tell whether a job is to run alone: so that it is not for its neighbours that it fails. */
export function isHeldAgainst({ countedAttempts = 0, suspectFailedAt }: JobMarks): boolean {
  return suspectFailedAt !== undefined && countedAttempts > 0;
}

function haveOthersGoneWell(
  { suspectFailedAt }: JobMarks,
  { othersWentWellMsAgo }: AppError,
  now: string,
): boolean {
  if (suspectFailedAt === undefined || othersWentWellMsAgo === undefined) return false;
  return Date.parse(now) - othersWentWellMsAgo > Date.parse(suspectFailedAt);
}
