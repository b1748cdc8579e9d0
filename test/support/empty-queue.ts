import type { TimelineDeps } from "@turnpike/timeline/deps";

/** A queue that holds nothing and has never accepted anything, as the timeline app sees it. */
export const emptyQueue: TimelineDeps["queue"] = {
  check: () => Promise.resolve(),
  findReceipt: () => Promise.resolve(undefined),
  snapshot: () => Promise.resolve({ acceptedByOrg: new Map(), jobIds: [], failedIds: [] }),
  load: () =>
    Promise.resolve({
      jobs: 0,
      bytes: 0,
      byOrg: new Map(),
      memory: undefined,
      states: {},
      oldestAcceptedAt: undefined,
    }),
};

/** Takes jobs back and forgets them. */
export const forgetfulReplayer: TimelineDeps["replayer"] = { replay: () => Promise.resolve() };
