import type { QueueSurvey } from "@turnpike/queue/marker/survey-queue";
import type { Ledger } from "@turnpike/timeline/ledger/ledger";

type Counts = ReadonlyMap<string, number>;

/**
 * How many turns of each org count as accepted beside those that the new queue says it has accepted: those of the old one, less what the
 * new one has accepted that is not in it any more, for whomever that was.
 */
export function carryAccepted(old: QueueSurvey, now: QueueSurvey): Counts {
  const inNow = countByOrg(now.jobIds);
  const carried = new Map<string, number>();
  for (const orgId of new Set([...old.acceptedByOrg.keys(), ...now.acceptedByOrg.keys()])) {
    const gone = (now.acceptedByOrg.get(orgId) ?? 0) - (inNow.get(orgId) ?? 0);
    carried.set(orgId, (old.acceptedByOrg.get(orgId) ?? 0) - Math.max(0, gone));
  }
  return carried;
}

/** The same where the new queue is a part of the old one, some of its shards. */
export function carryOfOtherShards(old: QueueSurvey, now: QueueSurvey): Counts {
  return new Map(
    [...old.acceptedByOrg].map(([orgId, count]) => [orgId, count - (now.acceptedByOrg.get(orgId) ?? 0)]),
  );
}

/** The same where the old queue cannot be asked: whatever has ended was accepted. What was in that queue is not known of. */
export function carryWhatEnded({ items }: Ledger): Counts {
  return new Map(items.map(({ orgId, difference }) => [orgId, Math.max(0, -difference)]));
}

function countByOrg(jobIds: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const id of jobIds) {
    const orgId = id.split("_")[0] ?? "";
    counts.set(orgId, (counts.get(orgId) ?? 0) + 1);
  }
  return counts;
}
