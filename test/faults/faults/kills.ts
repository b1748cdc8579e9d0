/** Processes that die without a word. An app comes back at once, by its supervisor; a server at the end of the fault. */
import { type Fault, nothing } from "./fault.ts";

/** One of the ingest processes is killed. */
export const killIngest: Fault = {
  name: "an ingest process is killed",
  maxMs: 2_000,
  async begin(rig, random) {
    random.pick(rig.ingests).signal("SIGKILL");
    return nothing;
  },
};

/** One of the workers is killed. */
export const killWorker: Fault = {
  name: "a worker is killed",
  maxMs: 2_000,
  async begin(rig, random) {
    random.pick(rig.workers).signal("SIGKILL");
    return nothing;
  },
};

/** Every app is killed at once. */
export const killApps: Fault = {
  name: "every app is killed at once",
  maxMs: 2_000,
  async begin(rig) {
    [...rig.ingests, ...rig.workers, rig.timeline].forEach((app) => app.signal("SIGKILL"));
    return nothing;
  },
};

/** Postgres is killed and comes back. */
export const killPostgres: Fault = {
  name: "Postgres is killed",
  async begin(rig) {
    await rig.postgres.kill();
    return () => rig.postgres.ensureUp();
  },
};

/** Redis is killed and comes back with its append-only file. */
export const killRedis: Fault = {
  name: "Redis is killed",
  backend: "redis",
  async begin(rig) {
    await rig.redis?.kill();
    return async () => rig.redis?.ensureUp();
  },
};
