import { setTimeout as sleep } from "node:timers/promises";
import { isAppError } from "@turnpike/domain/errors";
import type { DeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import type { ReplayQueue } from "@turnpike/store/dead-letters/replay-dead-letter";
import { type Deed, noneSkipped } from "./bulk-answer.ts";
import type { ReplayAct } from "./selection.ts";
import { skippedBefore } from "./plan-bulk.ts";

/** Less than clients and proxies wait for an answer; what is left is told by the cursor. */
const MAX_DURATION_MS = 20_000;

/** What replaying takes. */
export interface ReplayDeps {
  readonly deadLetters: Pick<DeadLetters, "survey" | "select" | "replay" | "writeAudit">;
  readonly queue: ReplayQueue;
}

/**
 * Replay dead letters one after the other, no faster than was asked for. It ends early when the queue or the store is away, when
 * the caller is gone, or when it has taken long; the answer says how far it came. What it is about to do is in the audit log
 * before the first letter is touched, what came of it is there at the end.
 */
export async function replayLetters(
  { deadLetters, queue }: ReplayDeps,
  act: ReplayAct,
  actor: string,
  signal: AbortSignal,
): Promise<Deed> {
  const { filter, limit, cursor, ratePerSecond } = act;
  const page = await deadLetters.select(filter, ["dead", "replaying"], { limit, cursor });
  const entry = { actor, orgId: filter.orgId };
  const skipped = { ...noneSkipped };
  let begun: string | undefined;
  if (cursor === undefined) {
    const survey = await deadLetters.survey(filter);
    Object.assign(skipped, skippedBefore(survey));
    const details = { filter: describeFilter(act), matched: survey.byState.dead, ratePerSecond };
    begun = await deadLetters.writeAudit({ ...entry, action: "dead_letters.replay_begun", details });
  }
  const started = performance.now();
  let done = 0;
  let looked = 0;
  let stopped: Deed["stopped"] = null;
  for (const key of page.keys) {
    const pauseMs = started + (done * 1_000) / ratePerSecond - performance.now();
    if (performance.now() - started + Math.max(0, pauseMs) > MAX_DURATION_MS) break;
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    try {
      const outcome = await deadLetters.replay(queue, key);
      if (outcome === "replayed") done += 1;
      else skipped[outcome] += 1;
    } catch (error) {
      if (isAppError(error, "unreadable_job")) {
        skipped.unreadable += 1;
      } else {
        stopped = reasonToStop(error);
        break;
      }
    }
    looked += 1;
  }
  const last = page.keys[looked - 1];
  const isEnd = looked === page.keys.length && !page.hasMore;
  const nextCursor = isEnd ? null : last === undefined ? (cursor ?? null) : page.cursorAfter(last);
  const details = {
    filter: describeFilter(act),
    replayed: done,
    skipped,
    ...(begun === undefined ? {} : { begun }),
    ...(stopped === null ? {} : { stopped }),
  };
  const written = deadLetters.writeAudit({ ...entry, action: "dead_letters.replay", details });
  // When the store is away, how far it came is told all the same.
  await (stopped === null ? written : written.catch(() => {}));
  return { dryRun: false, done, skipped, stopped, nextCursor };
}

/** Which letters an act meant, in a form that the audit log keeps. */
export function describeFilter({ filter }: Pick<ReplayAct, "filter">) {
  const { orgId, receipts, code, since, until } = filter;
  return {
    ...(orgId === undefined ? { allOrgs: true } : {}),
    ...(receipts === undefined ? {} : { receipts: [...receipts] }),
    ...(code === undefined ? {} : { code }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}

const reasonsToStop = ["queue_unavailable", "store_unavailable", "store_contention", "store_failed"] as const;

/** @throws what is no reason to stop, but to be mended. */
function reasonToStop(error: unknown): NonNullable<Deed["stopped"]> {
  const reason = reasonsToStop.find((code) => isAppError(error, code));
  if (reason === undefined) throw error;
  return reason;
}
