/** What the shards of a queue say of themselves, as one queue would. */
import type { QueueSnapshot, QueueStates, RegisteredLoad } from "../backend/ledger.ts";

/** How full the queue is, and of what. */
export interface QueueLoad extends RegisteredLoad, QueueStates {}

/**
 * Put the cuts through all shards together. They are not of one moment; it is enough for the ledger that each is whole: a job and
 * its count lie in the same shard.
 */
export function mergeSnapshots(snapshots: readonly QueueSnapshot[]): QueueSnapshot {
  const acceptedByOrg = new Map<string, number>();
  const jobIds = new Set<string>();
  const failedIds = new Set<string>();
  for (const snapshot of snapshots) {
    for (const [orgId, accepted] of snapshot.acceptedByOrg)
      acceptedByOrg.set(orgId, (acceptedByOrg.get(orgId) ?? 0) + accepted);
    for (const jobId of snapshot.jobIds) jobIds.add(jobId);
    for (const jobId of snapshot.failedIds) failedIds.add(jobId);
  }
  // A job that was replayed may lie in two shards for a moment.
  return { acceptedByOrg, jobIds: [...jobIds], failedIds: [...failedIds] };
}

/** Add up how full the shards are; the oldest job is that of all, the memory that of the fullest server. */
export function mergeLoads(loads: readonly QueueLoad[]): QueueLoad {
  const byOrg = new Map<string, { jobs: number; bytes: number }>();
  const states: Record<string, number> = {};
  for (const load of loads) {
    for (const [orgId, { jobs, bytes }] of load.byOrg) {
      const sum = byOrg.get(orgId) ?? { jobs: 0, bytes: 0 };
      byOrg.set(orgId, { jobs: sum.jobs + jobs, bytes: sum.bytes + bytes });
    }
    for (const [state, count] of Object.entries(load.states)) states[state] = (states[state] ?? 0) + count;
  }
  const ages = loads.flatMap(({ oldestAcceptedAt }) => oldestAcceptedAt ?? []);
  const memories = loads.flatMap(({ memory }) => memory ?? []);
  return {
    jobs: loads.reduce((sum, { jobs }) => sum + jobs, 0),
    bytes: loads.reduce((sum, { bytes }) => sum + bytes, 0),
    byOrg,
    states,
    oldestAcceptedAt: ages.toSorted()[0],
    memory: memories.toSorted((one, other) => shareOf(other) - shareOf(one))[0],
  };
}

function shareOf({ usedBytes, maxBytes }: { readonly usedBytes: number; readonly maxBytes: number }): number {
  return usedBytes / maxBytes;
}
