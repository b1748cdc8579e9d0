import { randomInt } from "node:crypto";
import { it } from "vitest";
import { runMix } from "./mix.ts";
import type { Backend } from "./rig/rig.ts";
import { describeRig } from "./use-rig.ts";

const DURATION_MS = 90_000;

/** Test with faults at random. A failure names its seed: `npm run test:faults -- --seed N --backend B` makes the same again. */
export function mixAtRandom(backend: Backend): void {
  describeRig("faults at random", [backend], ({ rig }) => {
    it(
      "lose and repeat nothing",
      async () => {
        const seed = randomInt(2 ** 31);
        console.info(`faults at random on ${backend}: seed ${seed}`);
        await runMix(rig(), { seed, durationMs: DURATION_MS });
      },
      DURATION_MS + 330_000,
    );
  });
}
