/**
 * A process that owns a data directory: adds a row, tells the rows so far, and stays until SIGTERM. With KEEP_UP it starts a server
 * that ends again, and ends itself when that does not help.
 */
import { startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import postgres from "postgres";

const [dataDir, nativeDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error("usage: run-owner.ts DATA_DIR [NATIVE_DIR]");

try {
  const server = await startEmbeddedPostgres({
    dataDir,
    ...(nativeDir === undefined ? {} : { nativeDir }),
    onLog: (line) => console.log(`log: ${line}`),
    ...(process.env["KEEP_UP"] === undefined
      ? {}
      : {
          onLost(error) {
            console.log(`lost: ${error.message}`);
            process.exit(1);
          },
        }),
  });
  const sql = postgres(server.url, { max: 1, onnotice: () => undefined });
  await sql`CREATE TABLE IF NOT EXISTS visit (id int GENERATED ALWAYS AS IDENTITY)`;
  await sql`INSERT INTO visit DEFAULT VALUES`;
  const rows = await sql<{ count: number }[]>`SELECT count(*)::int AS count FROM visit`;
  await sql.end();
  // A server that is gone keeps nothing open, and a process that ends by itself is deaf to signals at the very end.
  const staying = setInterval(() => {}, 60_000);
  // Before the line that tests wait for: the signal may come right after it.
  process.once("SIGTERM", () => {
    clearInterval(staying);
    void server.stop().then(() => console.log("stopped"));
  });
  console.log(`ready: ${JSON.stringify({ ...server, visits: rows[0]?.count })}`);
} catch (error) {
  console.log(`failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  process.exitCode = 1;
}
