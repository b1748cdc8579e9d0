import { describe, expect, it } from "vitest";
import { createWaitingLine } from "./semaphore.ts";

const LONG_MS = 60_000;
const settled = () => new Promise(setImmediate);

describe("a waiting line", () => {
  it("lets in what there is room for, and the next one when room is made", async () => {
    const line = createWaitingLine(10);
    const [leave] = await Promise.all([line.enter(6, LONG_MS), line.enter(4, LONG_MS)]);
    const third = line.enter(5, LONG_MS);
    leave?.();
    expect(await third).toBeTypeOf("function");
  });

  it("lets nobody overtake", async () => {
    const line = createWaitingLine(10);
    const leave = await line.enter(6, LONG_MS);
    const order: string[] = [];
    const large = line.enter(8, LONG_MS).then((leaveLarge) => {
      order.push("large");
      leaveLarge?.();
    });
    const small = line.enter(1, LONG_MS).then(() => order.push("small"));
    await settled();
    expect(order).toEqual([]);
    leave?.();
    await Promise.all([large, small]);
    expect(order).toEqual(["large", "small"]);
  });

  it("lets in what is larger than all of the room, alone", async () => {
    const line = createWaitingLine(10);
    const leave = await line.enter(1, LONG_MS);
    const huge = line.enter(100, LONG_MS);
    leave?.();
    expect(await huge).toBeTypeOf("function");
    expect(await line.enter(1, 1)).toBeUndefined();
  });

  it("gives up whoever waited too long, and lets in who stood behind", async () => {
    const line = createWaitingLine(10);
    await line.enter(6, LONG_MS);
    const large = line.enter(8, 1);
    const small = line.enter(1, LONG_MS);
    expect(await large).toBeUndefined();
    expect(await small).toBeTypeOf("function");
  });
});
