import postgres from "postgres";

/** The name of the superuser and of the database that always exist. */
const postgresName = "postgres";
const connectTimeoutSeconds = 3;

/**
 * Open a client with one connection to a local server. It connects on its first query, and never gives the connection up by
 * itself.
 */
export function connect(
  port: number,
  options: { applicationName: string; onClose?: () => void },
): postgres.Sql {
  return postgres({
    host: "127.0.0.1",
    port,
    username: postgresName,
    database: postgresName,
    password: "",
    ssl: false,
    max: 1,
    connect_timeout: connectTimeoutSeconds,
    idle_timeout: 0,
    // A number of seconds after which postgres.js would renew it, and with it lose its locks.
    max_lifetime: null,
    fetch_types: false,
    onnotice: () => undefined,
    onclose: () => options.onClose?.(),
    connection: { application_name: options.applicationName },
  });
}
