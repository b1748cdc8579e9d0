import type { QueueSnapshot } from "@turnpike/queue/backend/ledger";
import type { LedgerCounts } from "@turnpike/store/ledger/read-ledger-counts";
import { drawUpLedger, type Ledger } from "./ledger.ts";

/** What reading the ledger takes. */
export interface LedgerSources {
  readonly queue: { snapshot(): Promise<QueueSnapshot> };
  readonly deadLetters: {
    readLedgerCounts(
      jobs: readonly { readonly orgId: string; readonly receipt: string }[],
      failed: readonly { readonly orgId: string; readonly receipt: string }[],
    ): Promise<ReadonlyMap<string, LedgerCounts>>;
  };
}

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const JOB_ID = new RegExp(`^(${UUID})_(${UUID})$`);

/**
 * Read the ledger of all orgs, in the order that makes it true (see `ledger.ts`).
 * @throws AppError `queue_unavailable`, `store_unavailable` or `store_contention`.
 */
export async function readLedger({ queue, deadLetters }: LedgerSources): Promise<Ledger> {
  const readAt = new Date().toISOString();
  const first = await queue.snapshot();
  const counts = await deadLetters.readLedgerCounts(
    first.jobIds.flatMap(parseJobId),
    first.failedIds.flatMap(parseJobId),
  );
  const second = await queue.snapshot();
  return {
    ...drawUpLedger({
      acceptedBefore: first.acceptedByOrg,
      counts,
      acceptedAfter: second.acceptedByOrg,
    }),
    readAt,
  };
}

/** A job whose id is none of ours was not accepted by us either. */
function parseJobId(jobId: string): { orgId: string; receipt: string }[] {
  const [, orgId, receipt] = JOB_ID.exec(jobId) ?? [];
  return orgId === undefined || receipt === undefined ? [] : [{ orgId, receipt }];
}
