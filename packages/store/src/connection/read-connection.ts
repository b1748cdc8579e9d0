import postgres, { type PostgresType, type Sql } from "postgres";
import { writeArray } from "./array-literal.ts";
import { planSettings, sessionSettings } from "./session-settings.ts";

/** A pool of connections for reading. */
export type Database = Sql;

const CONNECT_TIMEOUT_S = 5;
const IDLE_TIMEOUT_S = 60;

// What Postgres numbers the types of arrays that are sent (pg_type.dat), for reading is done without asking for all types.
const ARRAY_TYPES = { texts: 1009, uuids: 2951 };

/**
 * Open a pool for statements that stand alone; connections are made when they are first needed, and made again after
 * they are lost. Not for transactions: this driver (3.4.9) mixes up those whose connection is lost, see `write-pool.ts`.
 * @param options.name shown in `pg_stat_activity`.
 * @param options.onLoss called when a connection was lost; idle ones are then kept, so that each end of one is a loss.
 */
export function connectDatabase(options: {
  url: string;
  maxConnections: number;
  name: string;
  onLoss?: () => void;
}): Database {
  const { onLoss } = options;
  return postgres(options.url, {
    max: options.maxConnections,
    connect_timeout: CONNECT_TIMEOUT_S,
    ...(onLoss === undefined
      ? { idle_timeout: IDLE_TIMEOUT_S }
      : { idle_timeout: 0, max_lifetime: null, onclose: () => onLoss() }),
    // The driver asks for them at the start of a connection, and nobody catches that question's failure: when the connection is
    // lost right then, the process ends.
    fetch_types: false,
    types: { texts: typeOfArray(ARRAY_TYPES.texts), uuids: typeOfArray(ARRAY_TYPES.uuids) },
    onnotice: () => {},
    // What is prepared is planned each time, with its values: tables grow, and a page of 1 is not looked for as one of 1,000 is.
    connection: {
      application_name: options.name,
      plan_cache_mode: "force_custom_plan",
      ...planSettings,
      ...sessionSettings,
    },
  });
}

/** For sending alone. */
function typeOfArray(oid: number): PostgresType<readonly unknown[]> {
  return { to: oid, from: [], serialize: writeArray, parse: () => [] };
}
