import { randomInt } from "node:crypto";
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, inject } from "vitest";
import type { Fault } from "./faults/fault.ts";
import { createRandom } from "./rig/random.ts";
import { type Backend, createRig, type Rig } from "./rig/rig.ts";
import { startTrial, type Trial } from "./trial.ts";
import { waitUntil } from "../support/wait-until.ts";

/** A rig for a suite, and what its tests do with it. */
export interface RigOfSuite {
  readonly backend: Backend;
  readonly rig: () => Rig;
  /** Put a load on it, and wait until it is under way. */
  readonly start: () => Promise<Trial>;
  /** Start, make a fault until it bites, and prove that nothing is lost. */
  readonly survive: (...faults: readonly Fault[]) => Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const BITE_ACCEPTED = 40;
const BITE_REFUSED = 8;
const BITE_TIMEOUT_MS = 30_000;

/** Run a suite on each queue backend that this machine has, on a rig of its own. */
export function describeRig(
  name: string,
  backends: readonly Backend[],
  suite: (of: RigOfSuite) => void,
): void {
  for (const backend of backends.filter(isPossible)) {
    describe(`${name} on ${backend}`, () => {
      suite(useRig(backend));
    });
  }
}

// The run's global set-up says so loudly where there is none.
function isPossible(backend: Backend): boolean {
  return backend === "postgres" || spawnSync("redis-server", ["--version"]).status === 0;
}

function useRig(backend: Backend): RigOfSuite {
  let rig: Rig | undefined;
  beforeAll(async () => {
    rig = await createRig({ backend, distDir: inject("distDir") });
  }, START_TIMEOUT_MS);
  afterAll(async () => rig?.stop(), START_TIMEOUT_MS);
  const need = (): Rig => {
    if (rig === undefined) throw new Error("the rig is used before its tests run");
    return rig;
  };
  const start = async (): Promise<Trial> => {
    const seed = randomInt(2 ** 31);
    const trial = startTrial(need(), createRandom(seed), { seed });
    await waitUntil(() => trial.client.counts().accepted >= BITE_ACCEPTED, { what: "posts are accepted" });
    return trial;
  };
  return {
    backend,
    rig: need,
    start,
    async survive(...faults) {
      const trial = await start();
      for (const fault of faults) await trial.under(fault, () => bites(trial));
      await trial.prove();
    },
  };
}

/** Wait until a fault was felt: clients are sent away, or much was accepted in spite of it. */
async function bites({ client }: Trial): Promise<void> {
  const before = { ...client.counts() };
  const isFelt = (): boolean => {
    const { accepted, refused, unanswered } = client.counts();
    return (
      accepted >= before.accepted + BITE_ACCEPTED ||
      refused + unanswered >= before.refused + before.unanswered + BITE_REFUSED
    );
  };
  await waitUntil(isFelt, { what: "the fault is felt", timeoutMs: BITE_TIMEOUT_MS });
}
