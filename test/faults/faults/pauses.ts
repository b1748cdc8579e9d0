/** Processes that stand still and then go on as if nothing had been: SIGSTOP, SIGCONT. */
import type { App } from "../rig/app.ts";
import type { Random } from "../rig/random.ts";
import type { Rig } from "../rig/rig.ts";
import type { Fault } from "./fault.ts";

const MAX_PAUSE_MS = 20_000;

function pauseApp(name: string, choose: (rig: Rig, random: Random) => App): Fault {
  return {
    name,
    maxMs: MAX_PAUSE_MS,
    async begin(rig, random) {
      const app = choose(rig, random);
      app.signal("SIGSTOP");
      return async () => app.signal("SIGCONT");
    },
  };
}

/** An ingest process stands still. */
export const pauseIngest = pauseApp("an ingest process stands still", (rig, random) =>
  random.pick(rig.ingests),
);

/** A worker stands still, longer than its locks last now and then: others run its jobs meanwhile. */
export const pauseWorker = pauseApp("a worker stands still", (rig, random) => random.pick(rig.workers));

/** Postgres stands still, with all its sessions. */
export const pausePostgres: Fault = {
  name: "Postgres stands still",
  maxMs: MAX_PAUSE_MS,
  async begin(rig) {
    rig.postgres.pause();
    return async () => rig.postgres.resume();
  },
};

/** Redis stands still. */
export const pauseRedis: Fault = {
  name: "Redis stands still",
  backend: "redis",
  maxMs: MAX_PAUSE_MS,
  async begin(rig) {
    rig.redis?.pause();
    return async () => rig.redis?.resume();
  },
};
