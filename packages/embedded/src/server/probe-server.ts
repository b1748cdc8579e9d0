import { realpath } from "node:fs/promises";
import postgres from "postgres";
import { connect } from "../connect.ts";

/** `away` covers everything that is not a server of this data directory; `busy` one that starts up or shuts down. */
export type ProbeResult = "serving" | "busy" | "away";

// SQLSTATE cannot_connect_now.
const cannotConnectNow = "57P03";
// Whatever listens on the port may be no server at all, and never answer.
const probeTimeoutMs = 5000;

/** Ask whether the server behind a port answers queries, and serves the given data directory (resolved). Never throws. */
export async function probeServer(port: number, dataDir: string): Promise<ProbeResult> {
  const sql = connect(port, { applicationName: "turnpike probe" });
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), probeTimeoutMs);
  });
  const ask = async (): Promise<ProbeResult> => {
    await sql`SELECT 1`;
    const rows = await sql<{ data_directory: string }[]>`SHOW data_directory`;
    const served = await realpath(rows[0]?.data_directory ?? "");
    return served === dataDir ? "serving" : "away";
  };
  try {
    return await Promise.race([ask(), timeout]);
  } catch (error) {
    return error instanceof postgres.PostgresError && error.code === cannotConnectNow ? "busy" : "away";
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: 0 });
  }
}
