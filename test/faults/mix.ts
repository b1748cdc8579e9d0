/** Faults at random, as the seed decides, one after the other and now and then two at once. */
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./faults/fault.ts";
import { faults } from "./faults/table.ts";
import { createRandom } from "./rig/random.ts";
import type { Rig } from "./rig/rig.ts";
import { startTrial, type Trial } from "./trial.ts";
import type { Verdict } from "./verify/verify.ts";

const MIN_FAULT_MS = 500;
const DEFAULT_MAX_MS = 15_000;
const MAX_REST_MS = 3_000;
const OVERLAP_SHARE = 0.3;
const SESSIONS = 6;
const LARGE_EVERY_MS = 20_000;

/** What came of a mix. */
export interface MixResult {
  readonly verdict: Verdict;
  readonly trial: Trial;
}

/**
 * Make faults for so long, then prove that nothing is lost.
 * @throws Error with the whole report.
 */
export async function runMix(
  rig: Rig,
  options: { readonly seed: number; readonly durationMs: number },
): Promise<MixResult> {
  const { seed, durationMs } = options;
  const random = createRandom(seed);
  const choice = random.branch("choice");
  const trial = startTrial(rig, random, { seed, sessions: SESSIONS, largeEveryMs: LARGE_EVERY_MS });
  const possible = faults.filter(({ backend }) => backend === undefined || backend === rig.backend);
  const deadline = Date.now() + durationMs;
  const running = new Set<Promise<void>>();
  const failed: unknown[] = [];

  const make = (fault: Fault): Promise<void> => {
    const forMs = choice.between(MIN_FAULT_MS, fault.maxMs ?? DEFAULT_MAX_MS);
    const made = trial
      .under(fault, () => delay(Math.max(0, Math.min(forMs, deadline - Date.now()))))
      .catch((error: unknown) => {
        failed.push(new Error(`fault "${fault.name}" could not be made or ended`, { cause: error }));
      });
    running.add(made);
    return made.finally(() => running.delete(made));
  };
  while (Date.now() < deadline && failed.length === 0) {
    const made = make(choice.pick(possible));
    if (!choice.chance(OVERLAP_SHARE)) await made;
    await delay(choice.between(0, MAX_REST_MS));
  }
  await Promise.all(running);
  if (failed.length > 0) {
    await trial.prove().catch(() => {});
    throw failed[0];
  }
  return { trial, verdict: await trial.prove() };
}
