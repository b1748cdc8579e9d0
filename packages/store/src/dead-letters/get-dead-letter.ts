import { and, eq, sql } from "drizzle-orm";
import type { ReadDatabase } from "../connection/read-database.ts";
import { deadLetters } from "../schema.ts";
import { letterView, showLetter } from "./letter-view.ts";

// What the database can hold.
const MAX_BYTES = 2 ** 31 - 1;

/** Find an org's dead letter by its receipt, without its job. Undefined when there is none, or it is another org's. */
export async function findDeadLetter(db: ReadDatabase, orgId: string, receipt: string) {
  const [row] = await db.select(letterView).from(deadLetters).where(isLetterOf(orgId, receipt));
  return row && showLetter(row);
}

/** The same with its job; null when nobody needs that any more, or it is larger than `maxJobBytes`. The job may be large. */
export async function getDeadLetter(
  db: ReadDatabase,
  orgId: string,
  receipt: string,
  maxJobBytes: number = MAX_BYTES,
) {
  const isShown = sql`octet_length(${deadLetters.job}) <= ${maxJobBytes}::int`;
  const [row] = await db
    .select({ ...letterView, job: sql<Uint8Array | null>`CASE WHEN ${isShown} THEN ${deadLetters.job} END` })
    .from(deadLetters)
    .where(isLetterOf(orgId, receipt));
  return row && showLetter(row);
}

function isLetterOf(orgId: string, receipt: string) {
  return and(eq(deadLetters.orgId, orgId), eq(deadLetters.receipt, receipt));
}
