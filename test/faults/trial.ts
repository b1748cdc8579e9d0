/** A load on a rig, the faults that it is put to, and the proof at the end. */
import { randomUUID } from "node:crypto";
import type { Fault } from "./faults/fault.ts";
import { type Client, createClient } from "./load/client.ts";
import { createExpectations } from "./load/expectations.ts";
import { startLoad } from "./load/load.ts";
import type { Random } from "./rig/random.ts";
import type { Rig } from "./rig/rig.ts";
import { type Verdict, verify } from "./verify/verify.ts";
import { writeReport } from "./verify/report.ts";
import type { MadeFault } from "./made-fault.ts";

const ORGS = 4;

/** A running trial. */
export interface Trial {
  readonly rig: Rig;
  readonly client: Client;
  readonly faults: readonly MadeFault[];
  /** Make a fault, keep it up until the act has ended, and end it. */
  under(fault: Fault, act: () => Promise<unknown>): Promise<void>;
  /** End the load; what was accepted stays to be worked off. */
  stopLoad(): Promise<void>;
  /**
   * Heal everything, end the load, and prove that nothing is lost.
   * @throws Error with the whole report.
   */
  prove(): Promise<Verdict>;
}

/** Put a load on a rig. */
export function startTrial(
  rig: Rig,
  random: Random,
  options: { readonly largeEveryMs?: number; readonly sessions?: number; readonly seed?: number } = {},
): Trial {
  const begun = Date.now();
  const client = createClient(rig.ingestUrls);
  const expectations = createExpectations(Array.from({ length: ORGS }, () => randomUUID()));
  const { seed, ...amounts } = options;
  const load = startLoad({ random: random.branch("load"), client, expectations, ...amounts });
  const faultRandom = random.branch("faults");
  const made: MadeFault[] = [];
  const fail = (verdict: readonly string[]): never => {
    throw new Error(writeReport({ rig, faults: made, client, found: verdict, seed }));
  };
  return {
    rig,
    client,
    faults: made,
    async under(fault, act) {
      const entry: MadeFault = { name: fault.name, from: Date.now() - begun, to: undefined };
      made.push(entry);
      const end = await fault.begin(rig, faultRandom, expectations);
      try {
        await act();
      } finally {
        await end();
        entry.to = Date.now() - begun;
      }
    },
    stopLoad: () => load.stop(),
    async prove() {
      try {
        await rig.heal();
        await load.stop();
      } catch (error) {
        client.close();
        await load.stop();
        return fail([`it does not heal: ${error instanceof Error ? error.message : String(error)}`]);
      }
      const verdict = await verify(rig, expectations, client);
      return verdict.faults.length === 0 ? verdict : fail(verdict.faults);
    },
  };
}
