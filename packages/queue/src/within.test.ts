import { describe, expect, it } from "vitest";
import { within } from "./within.ts";

const never = new Promise<never>(() => {});
const late = () => new Error("late");

describe("within", () => {
  it("settles like its promise when that is in time", async () => {
    await expect(within(Promise.resolve(1), 60_000, late)).resolves.toBe(1);
    await expect(within(Promise.reject(new Error("own")), 60_000, late)).rejects.toThrow("own");
  });

  it("rejects with its own error when the time is up", async () => {
    await expect(within(never, 1, late)).rejects.toThrow("late");
  });

  it("leaves no unhandled rejection when its promise fails afterwards", async () => {
    let fail = (_error: Error): void => {};
    const failing = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    await expect(within(failing, 1, late)).rejects.toThrow("late");
    fail(new Error("nobody hears"));
    await new Promise(setImmediate);
  });
});
