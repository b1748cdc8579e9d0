/** The proof at the end of a run: everything that was accepted is there, once, as it was sent, and the ledger says so. */
import postgres from "postgres";
import { checkInvariants } from "../../support/snapshot.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { Client } from "../load/client.ts";
import type { Expectations } from "../load/expectations.ts";
import type { Rig } from "../rig/rig.ts";
import { checkContents } from "./check-contents.ts";
import { checkEvents } from "./check-events.ts";
import { checkLeftovers } from "./check-leftovers.ts";
import { checkReceipts } from "./check-receipts.ts";
import { findDifferences, findMiscounts, type Ledger, readLedger } from "./ledger.ts";
import { countJobs } from "./queue-counts.ts";

/** What a proof found. */
export interface Verdict {
  /** Empty: all is well. */
  readonly faults: readonly string[];
  readonly ledger: Ledger;
  readonly drainMs: number;
}

const DRAIN_PATIENCE_MS = 200_000;
// What gathers in a long outage takes its time; two cores that run all of this store 50 of the load's turns a second at the least.
const TURNS_WITHIN_PATIENCE = 10_000;
const PATIENCE_MS_PER_TURN = 20;

/** Wait until nothing is in flight, and check. The rig is healthy and the load has ended. */
export async function verify(rig: Rig, expectations: Expectations, client: Client): Promise<Verdict> {
  const begun = Date.now();
  const more = Math.max(0, client.counts().accepted - TURNS_WITHIN_PATIENCE);
  const faults: string[] = [...client.surprises()];
  await waitUntil(async () => (await countJobs(rig)).unfinished === 0, {
    what: "nothing is in flight",
    timeoutMs: DRAIN_PATIENCE_MS + more * PATIENCE_MS_PER_TURN,
  }).catch((error: unknown) => faults.push(String(error)));
  const drainMs = Date.now() - begun;
  const { failed } = await countJobs(rig);
  if (failed > 0) faults.push(`${failed} jobs were given up by the queue instead of becoming dead letters`);
  faults.push(...(await checkLeftovers(rig)));
  const ledger = await readLedger(rig);
  if (ledger.total.inFlight !== 0) faults.push(`the ledger has ${ledger.total.inFlight} in flight`);
  faults.push(...findDifferences(ledger), ...findMiscounts(ledger, expectations));
  const sql = postgres(rig.postgres.url(), { max: 2, onnotice: () => {} });
  try {
    faults.push(...(await checkReceipts(sql, expectations)));
    faults.push(...(await checkContents(sql, expectations)));
    faults.push(...(await checkEvents(sql, expectations)));
    for (const orgId of expectations.orgIds)
      await checkInvariants(sql, orgId).catch((error: unknown) => faults.push(`org ${orgId}: ${error}`));
  } finally {
    await sql.end();
  }
  return { faults, ledger, drainMs };
}
