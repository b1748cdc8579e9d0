import type { Fault } from "./fault.ts";

const HOURS = [-1, 1] as const;
const HOUR_MS = 3_600_000;

/** A worker's clock is an hour ahead or behind. */
export const shiftClock: Fault = {
  name: "a worker's clock is an hour off",
  async begin(rig, random) {
    const worker = random.pick(rig.workers);
    worker.restartWith({
      NODE_OPTIONS: `--import ${new URL("../../support/shift-clock.mjs", import.meta.url).href}`,
      SHIFT_CLOCK_MS: String(random.pick(HOURS) * HOUR_MS),
    });
    return async () => worker.restartWith({});
  },
};
