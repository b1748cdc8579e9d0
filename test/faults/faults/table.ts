import { shiftClock } from "./clocks.ts";
import type { Fault } from "./fault.ts";
import { killApps, killIngest, killPostgres, killRedis, killWorker } from "./kills.ts";
import { type Disturbance, disturbances, disturbNetwork, places } from "./network.ts";
import { pauseIngest, pausePostgres, pauseRedis, pauseWorker } from "./pauses.ts";
import { fillDisk, readOnly, useUpConnections } from "./postgres-states.ts";
import { fillRedis } from "./redis-memory.ts";
import { rollWorkers } from "./restarts.ts";
import { mixVersions } from "./versions.ts";

/** Every fault that the mix draws from, one line each. */
export const faults: readonly Fault[] = [
  killIngest,
  killWorker,
  killApps,
  killPostgres,
  killRedis,
  pauseIngest,
  pauseWorker,
  pausePostgres,
  pauseRedis,
  rollWorkers,
  fillRedis,
  useUpConnections,
  readOnly,
  fillDisk,
  shiftClock,
  mixVersions,
  ...(Object.keys(disturbances) as Disturbance[]).flatMap((way) =>
    places.map((place) => disturbNetwork(way, place)),
  ),
];
