import { IngestConfig } from "@turnpike/ingest/config";
import { loadConfigs } from "@turnpike/kit/process/load-config";
import { TimelineConfig } from "@turnpike/timeline/config";
import { WorkerConfig } from "@turnpike/worker/config";
import { type Env, Settings } from "./settings.ts";

/** What the apps of one process are told, and the command itself. */
export interface AppConfigs {
  readonly settings: Settings;
  readonly ingest: IngestConfig;
  readonly worker: WorkerConfig;
  readonly timeline: TimelineConfig;
}

/** Where the apps listen. */
export interface Addresses {
  readonly host: string;
  /** Instead of what the environment says. */
  readonly allowedHosts?: string;
  readonly ingestPort: number;
  readonly timelinePort: number;
}

// Stands for the database that is started afterwards.
const TO_BE_STARTED = "postgres://127.0.0.1/turnpike";

/**
 * Read the configurations of all that `turnpike start` runs, by the apps' own rules. Addresses and ports come from the command; nobody but
 * this machine reaches a worker.
 * @throws StartError that names each bad variable.
 */
export function loadAppConfigs(
  env: Env,
  { host, allowedHosts, ingestPort, timelinePort }: Addresses,
): AppConfigs {
  const apart = (port: number, address: string): Env => ({
    ...env,
    DATABASE_URL: env["DATABASE_URL"] || TO_BE_STARTED,
    PORT: String(port),
    HOST: address,
    ALLOWED_HOSTS: allowedHosts ?? env["ALLOWED_HOSTS"],
  });
  return loadConfigs({
    settings: [Settings, env],
    ingest: [IngestConfig, apart(ingestPort, host)],
    worker: [WorkerConfig, apart(0, "127.0.0.1")],
    timeline: [TimelineConfig, apart(timelinePort, host)],
  });
}
