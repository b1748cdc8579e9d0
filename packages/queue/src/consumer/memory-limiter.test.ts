import { describe, expect, it } from "vitest";
import {
  createJobGate,
  type JobGate,
  type JobNeed,
  LARGE_BODY_BYTES,
  shareJobGate,
} from "./memory-limiter.ts";

const MIB = 2 ** 20;
const patient = new AbortController().signal;

/** Let jobs in by name, and tell which ones are in. */
function watch(gate: JobGate) {
  const inside = new Map<string, () => void>();
  return {
    ask(name: string, need: JobNeed, signal: AbortSignal = patient): Promise<void> {
      return gate.enter(need, signal).then((leave) => void inside.set(name, leave));
    },
    async leave(name: string): Promise<void> {
      inside.get(name)?.();
      inside.delete(name);
      await settled();
    },
    async inside(): Promise<string[]> {
      await settled();
      return [...inside.keys()].toSorted();
    },
  };
}

const settled = () => new Promise(setImmediate);

describe("the gate", () => {
  it("lets one large body in at a time, and small ones past those that wait", async () => {
    const jobs = watch(createJobGate());
    void jobs.ask("large 1", 30 * MIB);
    void jobs.ask("large 2", LARGE_BODY_BYTES);
    void jobs.ask("small", LARGE_BODY_BYTES - 1);
    expect(await jobs.inside()).toEqual(["large 1", "small"]);
    await jobs.leave("large 1");
    expect(await jobs.inside()).toEqual(["large 2", "small"]);
  });

  it("bounds the sum of the small ones, and lets them in by the order of their coming", async () => {
    const jobs = watch(createJobGate());
    for (const name of ["a", "b", "c", "d"]) void jobs.ask(name, 7 * MIB);
    void jobs.ask("e", 7 * MIB);
    void jobs.ask("tiny", 1);
    expect(await jobs.inside()).toEqual(["a", "b", "c", "d"]);
    await jobs.leave("b");
    expect(await jobs.inside()).toEqual(["a", "c", "d", "e", "tiny"]);
  });

  it("lets one in alone once the others have left, and nobody before it", async () => {
    const jobs = watch(createJobGate());
    void jobs.ask("small", 1);
    void jobs.ask("suspect", "alone");
    void jobs.ask("late", 1);
    expect(await jobs.inside()).toEqual(["small"]);
    await jobs.leave("small");
    expect(await jobs.inside()).toEqual(["suspect"]);
    await jobs.leave("suspect");
    expect(await jobs.inside()).toEqual(["late"]);
  });

  it("forgets one that no longer waits, and lets those behind it in", async () => {
    const jobs = watch(createJobGate());
    const impatient = new AbortController();
    void jobs.ask("small", 1);
    const refused = jobs.ask("suspect", "alone", impatient.signal);
    void jobs.ask("late", 1);
    impatient.abort(new Error("no longer"));
    await expect(refused).rejects.toThrow("no longer");
    expect(await jobs.inside()).toEqual(["late", "small"]);
    await expect(jobs.ask("too late", 1, impatient.signal)).rejects.toThrow("no longer");
  });

  it("counts a leave once", async () => {
    const gate = createJobGate();
    const leave = await gate.enter(20 * MIB, patient);
    leave();
    leave();
    const jobs = watch(gate);
    void jobs.ask("a", 20 * MIB);
    void jobs.ask("b", 20 * MIB);
    expect(await jobs.inside()).toEqual(["a"]);
  });
});

describe("shareJobGate", () => {
  const { signal } = new AbortController();

  it("has one room for all, and lets go of what one holds without touching the others", async () => {
    const gate = createJobGate();
    const [one, other] = [shareJobGate(gate), shareJobGate(gate)];
    const leaveHanging = await one.enter(LARGE_BODY_BYTES, signal);
    const entered: string[] = [];
    const second = other.enter(LARGE_BODY_BYTES, signal).then((leave) => {
      entered.push("second");
      return leave;
    });
    const third = other.enter(LARGE_BODY_BYTES, signal).then(() => entered.push("third"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toEqual([]);
    one.letGo();
    const leaveSecond = await second;
    // What hung has come to its end after all: its room is another's by now.
    leaveHanging();
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toEqual(["second"]);
    leaveSecond();
    await third;
  });

  it("holds nothing that is entered after it has let go", async () => {
    const gate = createJobGate();
    const share = shareJobGate(gate);
    share.letGo();
    await share.enter(LARGE_BODY_BYTES, signal);
    await gate.enter("alone", signal);
  });
});
