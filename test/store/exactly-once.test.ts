import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomUUID } from "node:crypto";
import { conversation, turnBody } from "../support/turn-body.ts";
import { prepare } from "../support/prepare.ts";
import { readSnapshot } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";

const fixture = useStore();

describe("a turn is stored exactly once", () => {
  it("a replayed turn changes no counter and appends no event", async () => {
    const org = randomUUID();
    const body = turnBody({ org });
    const [first] = await fixture.store.ingestTurns([prepare(body)]);
    const before = await readSnapshot(fixture.sql, org);
    const [second] = await fixture.store.ingestTurns([prepare(body)]);
    expect(first?.outcome).toBe("stored");
    expect(second).toEqual({ outcome: "duplicate", sessionId: first?.sessionId, turnId: first?.turnId });
    expect(await readSnapshot(fixture.sql, org)).toEqual(before);
  });

  it("a job that runs again after its commit gets the result that it had", async () => {
    const turn = prepare(turnBody({ org: randomUUID() }));
    const [first] = await fixture.store.ingestTurns([turn]);
    expect(await fixture.store.ingestTurns([turn])).toEqual([first]);
    expect(first).toMatchObject({ outcome: "stored", firstSequence: 1, lastSequence: 4 });
  });

  it("the same turn many times at once is stored once, and the others are duplicates of it", async () => {
    const org = randomUUID();
    const body = turnBody({ org });
    const results = (
      await Promise.all(Array.from({ length: 40 }, () => fixture.store.ingestTurns([prepare(body)])))
    ).flat();
    expect(results.filter((result) => result.outcome === "stored")).toHaveLength(1);
    expect(new Set(results.map((result) => result.turnId)).size).toBe(1);
    await expect(readSnapshot(fixture.sql, org)).resolves.toMatchObject({ sessions: [{ turn_count: "1" }] });
  });

  it("turns of one batch are stored as if they came one by one, repeats within it included", async () => {
    const [oneByOne, batched] = [randomUUID(), randomUUID()];
    for (const body of conversation({ org: oneByOne, turns: 6, forkAt: 4 })) {
      await fixture.store.ingestTurns([prepare(body)]);
    }
    const bodies = conversation({ org: batched, turns: 6, forkAt: 4 });
    const results = await fixture.store.ingestTurns(
      [...bodies, ...bodies.slice(2, 4)].map((body) => prepare(body)),
    );
    expect(results.map((result) => result.outcome)).toEqual([
      ...Array(7).fill("stored"),
      "duplicate",
      "duplicate",
    ]);
    expect(await readSnapshot(fixture.sql, batched)).toEqual(await readSnapshot(fixture.sql, oneByOne));
  });

  it("any order, any grouping and any repetition leave the same rows", async () => {
    const reference = randomUUID();
    const count = 9;
    for (const body of conversation({ org: reference, turns: count - 1, forkAt: 5 })) {
      await fixture.store.ingestTurns([prepare(body)]);
    }
    const expected = await readSnapshot(fixture.sql, reference);
    const indexes = fc.array(fc.nat({ max: count - 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(indexes, fc.integer({ min: 1, max: 4 }), fc.integer(), async (extra, size, seed) => {
        const org = randomUUID();
        const bodies = conversation({ org, turns: count - 1, forkAt: 5 });
        const all = [...bodies.keys(), ...extra];
        const order =
          fc.sample(fc.shuffledSubarray(all, { minLength: all.length }), { numRuns: 1, seed })[0] ?? [];
        const groups = Array.from({ length: Math.ceil(order.length / size) }, (_unused, group) =>
          order.slice(group * size, (group + 1) * size).map((index) => prepare(bodies[index] as string)),
        );
        await Promise.all(groups.map((group) => fixture.store.ingestTurns(group)));
        expect(await readSnapshot(fixture.sql, org)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});
