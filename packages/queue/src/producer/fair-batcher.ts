/**
 * The line in front of the queue. What many callers put in at the same moment goes in together, which costs the backend a
 * fraction of one after the other; and the orgs take turns, so that whoever sends thousands at once waits behind himself only.
 */
import type { PlacedJob } from "../job/queued-job.ts";
import { type LanesOptions, openLanes } from "@turnpike/async/batcher";
import { createRecentPeak } from "@turnpike/async/recent-peak";

// Callers who have not come back within two of these are gone: the line waits for them in vain, one rest at a time.
const CALLERS_SPAN_MS = 500;

/** How a line is served. */
export interface LineOptions extends Pick<LanesOptions, "lanes" | "patienceMs" | "restMs"> {
  /** Put jobs in, all or none. */
  readonly add: (jobs: readonly PlacedJob[], counts: boolean) => Promise<void>;
  /** Jobs of one group; more only when they come from one call. */
  readonly maxJobs: number;
  /** The same for the bytes of their bodies. */
  readonly maxBytes: number;
  /** How long a call waits until it is its turn. */
  readonly maxWaitMs: number;
  /** Makes the error of a call that has waited so long. */
  readonly late: () => Error;
}

/** A line in front of the queue. */
export interface AddLine {
  /** Put the jobs of one call in, all or none. */
  add(orgId: string, jobs: readonly PlacedJob[], counts: boolean): Promise<void>;
}

interface Call {
  readonly jobs: readonly PlacedJob[];
  readonly bytes: number;
  readonly counts: boolean;
  readonly settle: (outcome: Promise<void>) => void;
}

/** Make an empty line. */
export function createAddLine(options: LineOptions): AddLine {
  const { add, maxJobs, maxBytes, maxWaitMs, late } = options;
  // The orgs in the order of their turns, each with its calls in the order in which they came.
  const waiting = new Map<string, Call[]>();
  let [waitingJobs, waitingBytes] = [0, 0];
  // Those that wait, and those that are being added.
  let callsHere = 0;
  const mostCalls = createRecentPeak({ spanMs: CALLERS_SPAN_MS });

  /** One call of each org in turn, as long as they fit; calls that count are not mixed with those that do not. */
  const takeGroup = (): Call[] => {
    const group: Call[] = [];
    let [jobs, bytes] = [0, 0];
    for (const [orgId, calls] of waiting) {
      const call = calls[0];
      if (call === undefined || (group.length > 0 && call.counts !== group[0]?.counts)) continue;
      jobs += call.jobs.length;
      bytes += call.bytes;
      if (group.length > 0 && (jobs > maxJobs || bytes > maxBytes)) break;
      group.push(call);
      calls.shift();
      // To the end of the orgs: the loop comes by again while there is room.
      waiting.delete(orgId);
      if (calls.length > 0) waiting.set(orgId, calls);
    }
    return group;
  };
  const count = ({ jobs, bytes }: Call, by: 1 | -1): void => {
    waitingJobs += by * jobs.length;
    waitingBytes += by * bytes;
  };
  const wakeLanes = openLanes({
    ...options,
    hasWork: () => waiting.size > 0,
    // Callers wait for their answers before they call again: when all are here that there were lately, nobody else is to come.
    isFull: () => waitingJobs >= maxJobs || waitingBytes >= maxBytes || callsHere >= mostCalls.read(),
    async workOff() {
      const group = takeGroup();
      for (const call of group) count(call, -1);
      const outcome = add(
        group.flatMap((call) => call.jobs),
        group[0]?.counts ?? true,
      );
      for (const { settle } of group) settle(outcome);
      await outcome.catch(() => {});
      callsHere -= group.length;
    },
  });
  const leave = (orgId: string, call: Call): void => {
    const calls = waiting.get(orgId) ?? [];
    const place = calls.indexOf(call);
    if (place < 0) return;
    calls.splice(place, 1);
    count(call, -1);
    callsHere -= 1;
    if (calls.length === 0) waiting.delete(orgId);
  };

  return {
    add: (orgId, jobs, counts) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          leave(orgId, call);
          resolve(Promise.reject(late()));
        }, maxWaitMs);
        const call: Call = {
          jobs,
          bytes: jobs.reduce((sum, job) => sum + job.bytes, 0),
          counts,
          settle(outcome) {
            clearTimeout(timer);
            resolve(outcome);
          },
        };
        const calls = waiting.get(orgId);
        if (calls === undefined) waiting.set(orgId, [call]);
        else calls.push(call);
        count(call, 1);
        callsHere += 1;
        mostCalls.note(callsHere);
        wakeLanes();
      }),
  };
}
