import postgres from "postgres";
import type { Rig } from "../rig/rig.ts";
import { WORKER_ROLE } from "../rig/worker-role.ts";
import type { Fault } from "./fault.ts";

/** The role of the workers may not log in any more, and all its sessions are ended. Of a rig whose workers have one. */
export const roleWithoutLogin: Fault = {
  name: "the workers' role has no login",
  async begin(rig) {
    await onServer(rig, `ALTER ROLE ${WORKER_ROLE} NOLOGIN`);
    return () => onServer(rig, `ALTER ROLE ${WORKER_ROLE} LOGIN`);
  },
};

async function onServer(rig: Rig, change: string): Promise<void> {
  const sql = postgres(rig.postgres.url(), { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(change);
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${WORKER_ROLE}`;
  } finally {
    await sql.end();
  }
}
