/** Processes that are killed under load and come back. */
import { it } from "vitest";
import { killApps, killIngest, killPostgres, killRedis, killWorker } from "./faults/kills.ts";
import { rollWorkers } from "./faults/restarts.ts";
import { describeRig } from "./use-rig.ts";

describeRig("kills", ["redis", "postgres"], ({ backend, survive }) => {
  it("an ingest process that is killed loses nothing that it has accepted", () => survive(killIngest));

  it("workers that are killed one after the other lose and repeat nothing", () =>
    survive(killWorker, killWorker, killWorker));

  it("every app killed at once loses nothing", () => survive(killApps));

  it("Postgres that is killed loses nothing", () => survive(killPostgres));

  if (backend === "redis") it("Redis that is killed loses nothing", () => survive(killRedis));

  it("workers that are restarted one after the other lose and repeat nothing", () => survive(rollWorkers));
});
