import type { Expectations } from "../load/expectations.ts";
import type { Rig } from "../rig/rig.ts";

/** One line of the ledger: `accepted = stored + duplicate + deadLettered + inFlight + difference`. */
export interface LedgerLine {
  readonly accepted: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly deadLettered: number;
  readonly inFlight: number;
  readonly difference: number;
}

/** Every org's line, and their sum. */
export interface Ledger {
  readonly items: readonly (LedgerLine & { readonly orgId: string })[];
  readonly total: LedgerLine;
}

/** Ask the timeline app for its ledger. */
export async function readLedger(rig: Rig): Promise<Ledger> {
  const answer = await fetch(`${rig.timeline.url()}/v1/ledger`, { signal: AbortSignal.timeout(20_000) });
  if (!answer.ok) throw new Error(`the ledger answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Ledger;
}

/** List the lines that do not add up. */
export function findDifferences({ items, total }: Ledger): string[] {
  return [...items, { ...total, orgId: "all orgs" }].flatMap((line) => {
    const { orgId, accepted, stored, duplicate, deadLettered, inFlight, difference } = line;
    const left = accepted - stored - duplicate - deadLettered - inFlight;
    return difference === 0 && left === 0
      ? []
      : [`ledger of ${orgId}: difference ${difference}, ${left} left over: ${JSON.stringify(line)}`];
  });
}

/** List the orgs of which another number was counted as accepted than clients were told, give or take posts without an answer. */
export function findMiscounts({ items }: Ledger, expectations: Expectations): string[] {
  return expectations.orgIds.flatMap((orgId) => {
    const accepted = items.find((line) => line.orgId === orgId)?.accepted ?? 0;
    const { answered, maybe } = expectations.countReceipts(orgId);
    return accepted >= answered && accepted <= answered + maybe
      ? []
      : [`ledger of ${orgId}: ${accepted} accepted, of ${answered} answered and ${maybe} unanswered posts`];
  });
}
