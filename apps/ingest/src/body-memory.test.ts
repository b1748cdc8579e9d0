import { isAppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { createBodyMemory } from "./body-memory.ts";

const MIB = 1024 * 1024;

function refusalOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("the memory for bodies", () => {
  it("refuses at once what declares more than is left, and lets it in when there is room again", () => {
    const memory = createBodyMemory(10 * MIB, () => {});
    const room = memory.enter(8 * MIB);
    room.grow(8 * MIB);
    const error = refusalOf(() => memory.enter(3 * MIB));
    expect(isAppError(error, "queue_unavailable") && error.retryAfterSeconds).toBeGreaterThan(0);
    expect(memory.refusals()).toEqual({ inflight_bytes: 1, inflight_bytes_per_org: 0 });
    room.end();
    expect(memory.heldBytes()).toBe(0);
    memory.enter(3 * MIB);
  });

  it("counts what has come and not what was declared: a slow sender takes nobody's place", () => {
    const memory = createBodyMemory(10 * MIB, () => {});
    for (let sender = 0; sender < 50; sender += 1) memory.enter(9 * MIB);
    expect(memory.heldBytes()).toBeLessThan(MIB);
    memory.enter(Number.NaN).grow(9 * MIB);
  });

  it("refuses a body without a declared length as soon as it is too much", () => {
    const memory = createBodyMemory(10 * MIB, () => {});
    memory.enter(Number.NaN).grow(6 * MIB);
    const other = memory.enter(Number.NaN);
    other.grow(3 * MIB);
    expect(
      isAppError(
        refusalOf(() => other.grow(3 * MIB)),
        "queue_unavailable",
      ),
    ).toBe(true);
  });

  it("bounds the number of requests, however small", () => {
    const memory = createBodyMemory(MIB, () => {});
    const enterAll = () => {
      for (let request = 0; request < 1_000; request += 1) memory.enter(1);
    };
    expect(isAppError(refusalOf(enterAll), "queue_unavailable")).toBe(true);
  });

  it("lets in a body that is larger than all of it, alone", () => {
    const memory = createBodyMemory(MIB, () => {});
    memory.enter(5 * MIB).grow(5 * MIB);
  });

  it("keeps half of the room from what waits of one org, until some of it has gone on", () => {
    const memory = createBodyMemory(10 * MIB, () => {});
    const enterWith = (orgId: string, bytes: number) => {
      const room = memory.enter(bytes);
      room.grow(bytes);
      const refusal = refusalOf(() => room.belongTo(orgId));
      if (refusal !== undefined) room.end();
      return { room, isIn: !isAppError(refusal, "queue_unavailable") };
    };
    const first = enterWith("one", 2 * MIB);
    expect([first.isIn, enterWith("one", 2 * MIB).isIn]).toEqual([true, true]);
    expect([enterWith("one", 2 * MIB).isIn, enterWith("one", 2 * MIB).isIn]).toEqual([false, false]);
    expect(memory.refusals()).toEqual({ inflight_bytes: 0, inflight_bytes_per_org: 2 });
    expect(enterWith("other", 4 * MIB).isIn).toBe(true);
    first.room.end();
    expect(enterWith("one", 2 * MIB).isIn).toBe(true);
  });

  it("lets in a body that is larger than the share of its org, when nothing else of it waits", () => {
    const memory = createBodyMemory(10 * MIB, () => {});
    const room = memory.enter(9 * MIB);
    room.grow(9 * MIB);
    room.belongTo("one");
    room.end();
    expect(memory.heldBytes()).toBe(0);
  });

  it("has large bodies made into text one at a time, beside small ones", async () => {
    const memory = createBodyMemory(100 * MIB, () => {});
    const [first, second, small] = [memory.enter(1), memory.enter(1), memory.enter(1)];
    first.grow(20 * MIB);
    second.grow(20 * MIB);
    small.grow(1_000);
    await first.beforeText();
    let isSecondIn = false;
    const waiting = second.beforeText().then(() => {
      isSecondIn = true;
    });
    await small.beforeText();
    expect(isSecondIn).toBe(false);
    first.end();
    await waiting;
  });
});
