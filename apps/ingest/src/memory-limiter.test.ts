import { isAppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { createBodyMemory } from "./memory-limiter.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

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
    expect(memory.refusals()).toMatchObject({ inflight_bytes: 0, inflight_bytes_large: 1 });
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
    memory.enter(Number.NaN).grow(4 * MIB);
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

  it("keeps a quarter for small bodies, whatever large ones hold", () => {
    const memory = createBodyMemory(16 * MIB, () => {});
    memory.enter(Number.NaN).grow(11 * MIB);
    const [refusedLarge, alsoLarge] = [memory.enter(Number.NaN), memory.enter(1)];
    expect(refusalOf(() => refusedLarge.grow(2 * MIB))).toMatchObject({
      isPublic: true,
      message: expect.stringMatching(/large bodies: MAX_INFLIGHT_BYTES, .* nothing was accepted/),
    });
    refusedLarge.end();
    alsoLarge.grow(60 * KIB);
    for (let body = 0; body < 40; body += 1) memory.enter(50 * KIB).grow(50 * KIB);
    expect(memory.refusals()).toMatchObject({ inflight_bytes: 0, inflight_bytes_large: 1 });
  });

  it("lets large bodies have what small ones leave", () => {
    const memory = createBodyMemory(16 * MIB, () => {});
    for (let body = 0; body < 100; body += 1) memory.enter(50 * KIB).grow(50 * KIB);
    const large = memory.enter(Number.NaN);
    large.grow(9 * MIB);
    expect(refusalOf(() => large.grow(MIB))).toBeDefined();
  });

  it("lets the oldest small body go that has not come whole, when there is no room for a new one", () => {
    const memory = createBodyMemory(MIB, () => {});
    const givenUp: string[] = [];
    const enter = (name: string) => {
      const room = memory.enter(Number.NaN);
      const complete = room.begin((error) => givenUp.push(`${name}: ${error.code}`));
      room.grow(60 * KIB);
      return { room, complete };
    };
    const first = enter("first");
    enter("second");
    for (const name of ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]) enter(name).complete();
    first.complete();
    expect(givenUp).toEqual([]);
    enter("new").complete();
    expect(givenUp).toEqual(["second: queue_unavailable"]);
    // Those that have come whole stay.
    expect(refusalOf(() => enter("one too many"))).toMatchObject({ code: "queue_unavailable" });
    expect(memory.refusals()).toMatchObject({ inflight_bytes: 2 });
  });

  it("gives one connection half of it, and its only body all that there is", () => {
    const memory = createBodyMemory(16 * MIB, () => {});
    const [one, other] = [{}, {}];
    const enterAndGrow = (connection: object) => memory.enter(Number.NaN, connection).grow(2 * MIB);
    for (const connection of [one, one, one]) enterAndGrow(connection);
    expect(refusalOf(() => enterAndGrow(one))).toMatchObject({
      message: expect.stringContaining("on this connection: MAX_INFLIGHT_BYTES, the half"),
    });
    expect(memory.refusals()).toMatchObject({ inflight_bytes_per_connection: 1 });
    enterAndGrow(other);
    const alone = createBodyMemory(16 * MIB, () => {});
    alone.enter(12 * MIB, one).grow(12 * MIB);
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
    expect(memory.refusals()).toMatchObject({ inflight_bytes_large: 0, inflight_bytes_per_org: 2 });
    expect(enterWith("other", 3 * MIB).isIn).toBe(true);
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
