/**
 * The ledger: of every accepted turn and post of events it is known what became of it. What must hold at any moment and after
 * any crash, per org: accepted = stored + duplicate + dead-lettered + in flight.
 *
 * Accepted and the jobs that are queued are known to the queue, the rest to the store, and no snapshot spans the two. So the
 * order of reading matters. First the queue, in one consistent cut: A accepted, with the ids of its jobs. A job leaves the
 * queue only when its end is committed, so of those A each one is among these jobs, or the store has it already. Then the store,
 * in one snapshot, which is also asked which of the jobs have come to their end meanwhile; those that have not are in flight.
 * So the sum is A at least; less means that something is lost. It may be more, by what was accepted after the first reading and
 * ended before the second. How many that can be says the queue, read once more: B − A. A sum above B means that
 * something was counted twice, or that the queue has forgotten what it accepted.
 */
import type { LedgerCounts } from "@turnpike/store/ledger/read-ledger-counts";
import { noCounts } from "@turnpike/store/ledger/read-ledger-counts";

/** Of an org: what was accepted, and where it is. `accepted` is the sum of `stored`, `duplicate`, `deadLettered`, `inFlight` and `difference`. */
export interface LedgerLine {
  readonly accepted: number;
  readonly stored: number;
  readonly duplicate: number;
  /** Includes `discarded`, and what is being replayed. */
  readonly deadLettered: number;
  readonly discarded: number;
  readonly inFlight: number;
  /** Of those in flight: what the queue gave up without a dead letter. It comes to no end by itself. */
  readonly failed: number;
  /** What nothing explains: above zero is lost, below zero is there without having been accepted. */
  readonly difference: number;
}

/** The ledger of all orgs, or of the one that was asked for. */
export interface Ledger {
  readonly items: readonly (LedgerLine & { readonly orgId: string })[];
  /** The sums; but the difference is that of all differences without their signs: one does not hide another. */
  readonly total: LedgerLine;
  /** ISO 8601, when the reading began. */
  readonly readAt: string;
}

type AcceptedByOrg = ReadonlyMap<string, number>;

/** What a ledger is made of. */
export interface LedgerReadings {
  readonly acceptedBefore: AcceptedByOrg;
  /** Of the jobs that the queue held at the first reading. */
  readonly counts: ReadonlyMap<string, LedgerCounts>;
  readonly acceptedAfter: AcceptedByOrg;
}

/** Draw up the ledger, the orgs in the order of their ids. */
export function drawUpLedger(readings: LedgerReadings): Omit<Ledger, "readAt"> {
  const { acceptedBefore, counts, acceptedAfter } = readings;
  const orgIds = [...new Set([...acceptedBefore.keys(), ...counts.keys(), ...acceptedAfter.keys()])].sort();
  const items = orgIds.map((orgId) => ({
    orgId,
    ...lineOf(acceptedBefore.get(orgId) ?? 0, counts.get(orgId) ?? noCounts, acceptedAfter.get(orgId) ?? 0),
  }));
  return { items, total: items.reduce<LedgerLine>(add, emptyLine) };
}

function lineOf(acceptedBefore: number, counts: LedgerCounts, acceptedAfter: number): LedgerLine {
  const { before, stored, duplicate, deadLettered, discarded, inFlight, failed } = counts;
  const sum = stored + duplicate + deadLettered + inFlight;
  // As many as were accepted at the moment of the store's snapshot, which is between the two readings of the queue.
  const accepted = Math.max(before + acceptedBefore, Math.min(sum, before + acceptedAfter));
  return {
    accepted,
    stored,
    duplicate,
    deadLettered,
    discarded,
    inFlight,
    failed,
    difference: accepted - sum,
  };
}

const emptyLine: LedgerLine = {
  accepted: 0,
  stored: 0,
  duplicate: 0,
  deadLettered: 0,
  discarded: 0,
  inFlight: 0,
  failed: 0,
  difference: 0,
};

function add(total: LedgerLine, line: LedgerLine): LedgerLine {
  return {
    accepted: total.accepted + line.accepted,
    stored: total.stored + line.stored,
    duplicate: total.duplicate + line.duplicate,
    deadLettered: total.deadLettered + line.deadLettered,
    discarded: total.discarded + line.discarded,
    inFlight: total.inFlight + line.inFlight,
    failed: total.failed + line.failed,
    difference: total.difference + Math.abs(line.difference),
  };
}
