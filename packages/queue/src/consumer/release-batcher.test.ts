import type { Log } from "@turnpike/domain/ports/ports";
import { describe, expect, it } from "vitest";
import { createReleaseBatcher } from "./release-batcher.ts";

function createFixture(fail = false) {
  const batches: string[][] = [];
  const warnings: object[] = [];
  const log: Log = { info() {}, warn: (facts) => void warnings.push(facts), error() {} };
  const release = (ids: readonly string[]): Promise<void> => {
    batches.push([...ids]);
    return fail ? Promise.reject(new Error("away")) : Promise.resolve();
  };
  return { batches, warnings, batcher: createReleaseBatcher({ release, log }) };
}

describe("a batcher of releases", () => {
  it("releases what has come in together, in one call", async () => {
    const { batches, batcher } = createFixture();
    for (const id of ["a", "b", "c"]) batcher.add(id);
    await batcher.flush();
    expect(batches).toEqual([["a", "b", "c"]]);
    expect(batcher.released()).toBe(3);
    await batcher.flush();
    expect(batches).toHaveLength(1);
  });

  it("does not wait for more than 500", async () => {
    const { batches, batcher } = createFixture();
    for (let index = 0; index < 1_100; index += 1) batcher.add(String(index));
    expect(batches.map((batch) => batch.length)).toEqual([500, 500]);
    await batcher.flush();
    expect(batches.map((batch) => batch.length)).toEqual([500, 500, 100]);
  });

  it("says so when a release fails, and goes on", async () => {
    const { warnings, batcher } = createFixture(true);
    batcher.add("a");
    await batcher.flush();
    expect(warnings).toEqual([{ jobs: 1 }]);
    expect(batcher.released()).toBe(0);
  });
});
