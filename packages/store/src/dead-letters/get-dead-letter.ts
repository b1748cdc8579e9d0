import { and, eq } from "drizzle-orm";
import type { ReadDatabase } from "../read/read-database.ts";
import { deadLetters } from "../schema.ts";
import { letterView } from "./letter-view.ts";

/** Find an org's dead letter by its receipt, without its job. Undefined when there is none, or it is another org's. */
export async function findDeadLetter(db: ReadDatabase, orgId: string, receipt: string) {
  const [row] = await db.select(letterView).from(deadLetters).where(isLetterOf(orgId, receipt));
  return row;
}

/** The same with its job; null when nobody needs that any more. The job may be large. */
export async function getDeadLetter(db: ReadDatabase, orgId: string, receipt: string) {
  const [row] = await db
    .select({ ...letterView, job: deadLetters.job })
    .from(deadLetters)
    .where(isLetterOf(orgId, receipt));
  return row;
}

function isLetterOf(orgId: string, receipt: string) {
  return and(eq(deadLetters.orgId, orgId), eq(deadLetters.receipt, receipt));
}
