/** Processes that stand still under load, and go on later as if nothing had been. */
import { it } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { pauseIngest, pausePostgres, pauseRedis, pauseWorker } from "./faults/pauses.ts";
import { describeRig } from "./use-rig.ts";
import { countJobs } from "./verify/queue-counts.ts";

describeRig("pauses", ["redis", "postgres"], ({ backend, rig, start, survive }) => {
  it("an ingest process that stands still loses nothing", () => survive(pauseIngest));

  it("Postgres that stands still loses nothing", () => survive(pausePostgres));

  if (backend === "redis") it("Redis that stands still loses nothing", () => survive(pauseRedis));

  it("a worker that stands still is stood in for, and repeats nothing when it goes on", async () => {
    const trial = await start();
    await trial.under(pauseWorker, async () => {
      await trial.stopLoad();
      // Also what the one that stands still has taken: its locks run out, in the queue and in the database.
      await waitUntil(async () => (await countJobs(rig())).unfinished === 0, {
        what: "the others have done all of it",
        timeoutMs: 90_000,
      });
    });
    await trial.prove();
  });
});
