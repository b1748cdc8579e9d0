/** Brings back what lies among the failed jobs of a queue, on every shard, while workers run or not. */
import type { Log } from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "../backend/backend.ts";
import { isRecoverable, retryFailedJob } from "./failed-jobs.ts";
import { createQueueClient, type QueueClient } from "../backend/queue-client.ts";
import { listShards } from "../shards/shards.ts";

/** Which failed jobs are meant; all when nothing is said. */
export interface RecoverCriteria {
  readonly orgId?: string | undefined;
  /** The error code that they failed with. */
  readonly code?: string | undefined;
}

/** What is among the failed jobs. */
export interface FailedSurvey {
  /** Jobs that would be put back. One may carry several turns. */
  readonly matched: number;
  readonly byReason: readonly { readonly reason: string; readonly count: number }[];
  /** Of those that match, jobs whose id names no org and receipt: they would fail again. */
  readonly notOurs: number;
}

/** Works on the failed jobs of a queue. Each call throws AppError `queue_unavailable` when a shard does not answer. */
export interface FailedJobs {
  survey(criteria: RecoverCriteria): Promise<FailedSurvey>;
  /**
   * Put back up to `limit` of them. Safe to repeat, to interrupt, and to run twice at once.
   * @returns how many were put back by this call.
   */
  recover(criteria: RecoverCriteria, limit?: number): Promise<number>;
  close(): Promise<void>;
}

const LIST_TIMEOUT_MS = 30_000;
const RETRY_TIMEOUT_MS = 10_000;
// At a time, of one shard.
const PARALLEL = 8;

/** Connect in the background. */
export function openFailedJobs(location: QueueLocation & { readonly log: Log }): FailedJobs {
  const clients = listShards(location).map((shard) => createQueueClient(shard));
  const find = async (client: QueueClient, criteria: RecoverCriteria) =>
    (await client.use(LIST_TIMEOUT_MS, ({ backend, queue }) => backend.listFailedJobs(queue))).filter((job) =>
      matches(job, criteria),
    );
  return {
    async survey(criteria) {
      const jobs = (await Promise.all(clients.map((client) => find(client, criteria)))).flat();
      const ours = jobs.filter(({ id }) => isRecoverable(id));
      const counts = new Map<string, number>();
      for (const { reason } of ours) counts.set(reason, (counts.get(reason) ?? 0) + 1);
      const byReason = [...counts].map(([reason, count]) => ({ reason, count }));
      return {
        matched: ours.length,
        byReason: byReason.toSorted((one, other) => other.count - one.count),
        notOurs: jobs.length - ours.length,
      };
    },
    async recover(criteria, limit = Infinity) {
      let recovered = 0;
      for (const client of clients) {
        const jobs = (await find(client, criteria)).filter(({ id }) => isRecoverable(id));
        for (let at = 0; at < jobs.length && recovered < limit; at += PARALLEL) {
          const some = jobs.slice(at, Math.min(at + PARALLEL, at + limit - recovered));
          const done = await Promise.all(
            some.map(({ id }) => client.use(RETRY_TIMEOUT_MS, (opened) => retryFailedJob(opened, id))),
          );
          recovered += done.filter(Boolean).length;
        }
      }
      return recovered;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

function matches(
  { id, reason }: { readonly id: string; readonly reason: string },
  { orgId, code }: RecoverCriteria,
): boolean {
  return (
    (orgId === undefined || id.startsWith(`${orgId}_`)) &&
    (code === undefined || reason.startsWith(`${code}:`))
  );
}
