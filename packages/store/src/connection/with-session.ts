/**
 * A session for work on the tables themselves. On `pg`: with postgres.js a transaction whose connection is lost may go on
 * on another one (`write-pool.ts`).
 */
import { Client } from "pg";
import { translateAnswer, translateRefusal } from "./translate-error.ts";

/** Run one statement. */
export type Run = <Row extends object = Record<string, unknown>>(
  text: string,
  values?: readonly unknown[],
) => Promise<{ readonly rows: Row[]; readonly rowCount: number }>;

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Open a session, use it, and close it. No statement has a time limit: moving a large table takes hours.
 * @throws what `use` throws, and AppError `store_unavailable`, `store_contention`, `store_rejected`, `store_failed`.
 */
export async function withSession<T>(
  url: string,
  name: string,
  use: (run: Run, client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    // Whatever the database sets for everybody. The driver does not send a 0 by itself.
    options: "-c jit=off -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0",
  });
  // A lost connection fails the statement that runs, or the next one.
  client.on("error", () => {});
  const run: Run = async <Row extends object>(text: string, values: readonly unknown[] = []) => {
    const { rows, rowCount } = await client.query(text, [...values]).catch((error: unknown) => {
      throw translateAnswer(error);
    });
    return { rows: rows as Row[], rowCount: rowCount ?? 0 };
  };
  try {
    await client.connect().catch((error: unknown) => {
      throw translateRefusal(error);
    });
    // Else a server whose client was killed goes on, and keeps its locks, to the end of the statement. Not on every platform.
    await run("SET client_connection_check_interval = '5s'").catch(() => {});
    return await use(run, client);
  } finally {
    await client.end().catch(() => {});
  }
}
