import type { Redis } from "ioredis";
import type { Pool } from "pg";
import type { OpenBackend } from "./backend.ts";

/** Read the backend's own clock, in milliseconds since 1970. */
export async function readServerTime({
  kind,
  connection,
}: Pick<OpenBackend, "kind" | "connection">): Promise<number> {
  if (kind === "redis") {
    const [seconds, microseconds] = await (connection as Redis).time();
    return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  }
  const { rows } = await (connection as Pool).query<{ ms: number }>(
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms",
  );
  return rows[0]?.ms ?? Number.NaN;
}
