import type { Expectations } from "../load/expectations.ts";
import type { Random } from "../rig/random.ts";
import type { Backend, Rig } from "../rig/rig.ts";

/** Ends a fault that has begun. */
export type EndFault = () => Promise<void>;

/** Something that goes wrong for a while. */
export interface Fault {
  readonly name: string;
  /** Where it makes sense; both when absent. */
  readonly backend?: Backend;
  /** Longest time that it is kept up; 15 s when absent. */
  readonly maxMs?: number;
  /** Begin it; chance decides what it hits. What it makes the store hold, it expects. */
  begin(rig: Rig, random: Random, expectations: Expectations): Promise<EndFault>;
}

/** What has nothing to end. */
export const nothing: EndFault = () => Promise.resolve();
