import { migrateQueue } from "@turnpike/queue/backend/postgres/migrate-queue";
import postgres from "postgres";

/** The role of the workers, in a rig whose workers have one of their own. */
export const WORKER_ROLE = "faults_worker";

/** Make it, with what a worker does to the tables, those of a queue in the database included. */
export async function makeWorkerRole(url: string, hasQueue: boolean): Promise<void> {
  if (hasQueue) await migrateQueue(url);
  const schemas = ["public", ...(hasQueue ? ["bullmq", "turnpike_queue"] : [])].join(", ");
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(`
      CREATE ROLE ${WORKER_ROLE} LOGIN;
      GRANT USAGE ON SCHEMA ${schemas} TO ${WORKER_ROLE};
      GRANT ALL ON ALL TABLES IN SCHEMA ${schemas} TO ${WORKER_ROLE};
      GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schemas} TO ${WORKER_ROLE}`);
  } finally {
    await sql.end();
  }
}
