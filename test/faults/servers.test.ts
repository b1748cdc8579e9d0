/** Servers that answer, and refuse: no memory, no connections, no writes, no room. */
import { it } from "vitest";
import { fillDisk, readOnly, useUpConnections } from "./faults/postgres-states.ts";
import { fillRedis } from "./faults/redis-memory.ts";
import { describeRig } from "./use-rig.ts";

describeRig("servers", ["redis", "postgres"], ({ backend, survive }) => {
  if (backend === "redis") it("Redis without memory loses nothing", () => survive(fillRedis));

  it("Postgres without connections loses nothing", () => survive(useUpConnections));

  it("Postgres that is read-only loses nothing", () => survive(readOnly));

  it("Postgres whose disk is full loses nothing", () => survive(fillDisk));
});
