/** Workers and jobs that are not as they should be. */
import { it } from "vitest";
import { shiftClock } from "./faults/clocks.ts";
import { mixVersions } from "./faults/versions.ts";
import { describeRig } from "./use-rig.ts";

describeRig("workers", ["redis", "postgres"], ({ survive }) => {
  it("whose clock is an hour off, for a while, store the same", () => survive(shiftClock, shiftClock));

  it("store jobs of older versions, and put those that they do not know into the dead letters", () =>
    survive(mixVersions));
});
