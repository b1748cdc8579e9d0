import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { chooseShard, listShards } from "./shards.ts";

describe("the shards of a queue", () => {
  it("have hash tags of their own, and one alone is the queue as it was without shards", () => {
    const location = { redisUrl: "redis://127.0.0.1", prefix: "turnpike" };
    expect(listShards({ ...location, shards: 3 }).map(({ prefix }) => prefix)).toEqual([
      "{turnpike:0}",
      "{turnpike:1}",
      "{turnpike:2}",
    ]);
    expect(listShards({ ...location, shards: 1 }).map(({ prefix }) => prefix)).toEqual(["turnpike"]);
    expect(listShards(location)).toEqual([location]);
  });

  it("are one on Postgres", () => {
    expect(listShards({ databaseUrl: "postgres://a/b", prefix: "turnpike", shards: 4 })).toHaveLength(1);
  });
});

describe("the shard of a group", () => {
  // What lies in a queue was put there by other versions: a group that moved would be out of place, not lost.
  it.each([
    ["", 4, 2],
    ["turnpike", 4, 1],
    ["turnpike", 256, 141],
    ["🐞", 7, 1],
    ["anything", 1, 0],
  ])("%j of %d is %d in every version", (group, shards, shard) => {
    expect(chooseShard(group, shards)).toBe(shard);
  });

  it("is any of them, each as often as the others", () => {
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 4_000; n += 1) {
      const shard = chooseShard(randomUUID(), 4);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(800);
  });
});
