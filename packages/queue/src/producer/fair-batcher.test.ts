import { describe, expect, it } from "vitest";
import type { PlacedJob } from "../job/queued-job.ts";
import { createAddLine, type LineOptions } from "./fair-batcher.ts";

const jobOf = (orgId: string, jobId: string, bytes = 1) =>
  ({ orgId, jobId, bytes, priority: 0 }) as PlacedJob;
const nextTick = () => new Promise((resolve) => setImmediate(resolve));

/** A line whose groups wait until they are let go, or fail. */
function useLine(options: Partial<LineOptions> = {}) {
  const groups: string[][] = [];
  const gates: { open: () => void; fail: (error: Error) => void }[] = [];
  const line = createAddLine({
    lanes: 1,
    patienceMs: 0,
    restMs: 0,
    maxJobs: 3,
    maxBytes: 1_000,
    maxWaitMs: 60_000,
    late: () => new Error("late"),
    add(jobs) {
      groups.push(jobs.map(({ jobId }) => jobId));
      return new Promise((open, fail) => gates.push({ open, fail }));
    },
    ...options,
  });
  const put = (orgId: string, ...ids: string[]) =>
    line.add(
      orgId,
      ids.map((id) => jobOf(orgId, id)),
      true,
    );
  const finish = async (calls: readonly Promise<void>[]): Promise<void> => {
    let isDone = false;
    const done = Promise.allSettled(calls).then(() => (isDone = true));
    while (!isDone) {
      gates.shift()?.open();
      await nextTick();
    }
    await done;
  };
  return { groups, gates, line, put, finish };
}

describe("createAddLine", () => {
  it("puts a lone call in at once, and together what comes while it is on its way", async () => {
    const { groups, put, finish } = useLine();
    const calls = [put("a", "1")];
    await nextTick();
    calls.push(put("a", "2"), put("a", "3", "4"), put("a", "5"));
    await finish(calls);
    expect(groups).toEqual([["1"], ["2", "3", "4"], ["5"]]);
  });

  it("lets the orgs take turns: who brings much waits behind himself only", async () => {
    const { groups, put, finish } = useLine();
    const calls = [put("flood", "0")];
    await nextTick();
    for (const id of ["1", "2", "3", "4", "5"]) calls.push(put("flood", id));
    calls.push(put("light", "x"), put("other", "y"));
    await finish(calls);
    expect(groups).toEqual([["0"], ["1", "x", "y"], ["2", "3", "4"], ["5"]]);
  });

  it("keeps the jobs of one call together, also when they are more than a group's, and bounds bytes", async () => {
    const { groups, line, put, finish } = useLine();
    const calls = [put("a", "0")];
    await nextTick();
    calls.push(put("a", "1", "2", "3", "4"), line.add("b", [jobOf("b", "large", 900)], true));
    calls.push(line.add("b", [jobOf("b", "larger", 2_000)], true), put("c", "5"));
    await finish(calls);
    expect(groups).toEqual([["0"], ["1", "2", "3", "4"], ["large", "5"], ["larger"]]);
  });

  it("does not mix what counts with what does not", async () => {
    const { groups, line, put, finish } = useLine();
    const calls = [put("a", "0")];
    await nextTick();
    calls.push(put("a", "1"), line.add("b", [jobOf("b", "2")], false), put("c", "3"));
    await finish(calls);
    expect(groups).toEqual([["0"], ["1", "3"], ["2"]]);
  });

  it("fails the calls of a group that fails, and goes on with the next", async () => {
    const { gates, put, finish } = useLine();
    const first = put("a", "1");
    await nextTick();
    const second = put("a", "2");
    gates.shift()?.fail(new Error("away"));
    await expect(first).rejects.toThrow("away");
    await finish([second]);
    await expect(second).resolves.toBeUndefined();
  });

  it("rests until as many callers are here as there were lately: each waits for its answer", async () => {
    const { groups, gates, put, finish } = useLine({ restMs: 60_000 });
    const calls = [put("a", "1")];
    await nextTick();
    calls.push(put("b", "2"));
    gates.shift()?.open();
    await nextTick();
    expect(groups).toEqual([["1"]]);
    calls.push(put("a", "3"));
    await nextTick();
    expect(groups).toEqual([["1"], ["2", "3"]]);
    await finish(calls);
  });

  it("does not let a lone caller rest", async () => {
    const { groups, put, finish } = useLine({ restMs: 60_000 });
    for (const id of ["1", "2", "3"]) await finish([put("a", id)]);
    expect(groups).toEqual([["1"], ["2"], ["3"]]);
  });

  it("gives a call up that waits too long, and does not put it in later", async () => {
    const { groups, put, finish } = useLine({ maxWaitMs: 20 });
    const first = put("a", "1");
    await nextTick();
    await expect(put("a", "2")).rejects.toThrow("late");
    await finish([first]);
    expect(groups).toEqual([["1"]]);
  });
});
