import type { DatabaseHoldings, QueuePlace } from "@turnpike/domain/ports/queue-marker";
import { type Mismatch, mismatch } from "./compare-markers.ts";

/**
 * Look before a queue and a database that carry no marker, as older versions left them, are bound to each other: whether the turns
 * that this database knows of were accepted somewhere else. Undefined when nothing speaks against it.
 * @param countAccepted how many turns the configured queue has ever accepted; asked for only when it matters.
 */
export async function surveyUnclaimed(
  configured: QueuePlace,
  { postgresQueue, ended }: DatabaseHoldings,
  countAccepted: () => Promise<number>,
): Promise<Mismatch | undefined> {
  if (configured.backend === "redis" && postgresQueue.jobs > 0) return inPostgres(postgresQueue.jobs);
  if (postgresQueue.accepted === 0 && ended <= 0) return undefined;
  if ((await countAccepted()) > 0) return undefined;
  if (configured.backend === "redis" && postgresQueue.accepted > 0) return inPostgres(0);
  return mismatch(
    "never_accepted",
    "this database holds turns, and the queue has never accepted any: they came through another queue. Set REDIS_URL, " +
      "QUEUE_PREFIX and QUEUE_SHARDS as they were, or run `turnpike queue accept` if this queue is to be used from now on",
  );
}

function inPostgres(jobs: number): Mismatch {
  const what =
    jobs > 0
      ? `${jobs} accepted turns wait in the queue in this database`
      : "the queue of this database is in it";
  return mismatch(
    "turns_in_postgres",
    `${what}, but REDIS_URL is set. Unset REDIS_URL, or see "Moving the queue" in docs/operations.md`,
  );
}
