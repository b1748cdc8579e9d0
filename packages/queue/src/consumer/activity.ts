/** What a consumer has done so far: for its metrics, and for whoever watches that it goes on. */

/** Counts, and times on `performance.now()`. */
export interface Activity {
  readonly completed: number;
  /** Attempts that failed and will be repeated. */
  readonly failed: number;
  readonly dead: number;
  readonly givenBack: number;
  /** Jobs, of any worker, whose lock ran out, as far as this one found them. */
  readonly stalled: number;
  readonly running: number;
  /** When the latest of the running jobs began. */
  readonly lastBegunAt: number | undefined;
  /** When a job last came to its end, well or not; at first the time of the start. */
  readonly lastEndedAt: number;
  /** When a job last left the queue for good: stored, or a dead letter. */
  readonly lastDoneAt: number;
}

/** Keeps the books. */
export interface ActivityBook {
  begun(key: object): void;
  ended(key: object): void;
  count(what: "completed" | "failed" | "dead" | "givenBack" | "stalled"): void;
  read(): Activity;
}

/** Begin with nothing. */
export function createActivityBook(now: () => number = () => performance.now()): ActivityBook {
  const counts = { completed: 0, failed: 0, dead: 0, givenBack: 0, stalled: 0 };
  const begunAt = new Map<object, number>();
  let lastEndedAt = now();
  let lastDoneAt = lastEndedAt;
  return {
    begun: (key) => void begunAt.set(key, now()),
    ended: (key) => void begunAt.delete(key),
    count(what) {
      counts[what] += 1;
      if (what === "completed" || what === "failed") lastEndedAt = now();
      if (what === "completed") lastDoneAt = lastEndedAt;
    },
    read: () => ({
      ...counts,
      running: begunAt.size,
      lastBegunAt: begunAt.size === 0 ? undefined : Math.max(...begunAt.values()),
      lastEndedAt,
      lastDoneAt,
    }),
  };
}

/** Add up what was done in several places. */
export function sumActivities(activities: readonly Activity[]): Activity {
  const sum = (of: (activity: Activity) => number): number =>
    activities.reduce((total, activity) => total + of(activity), 0);
  const begun = activities.flatMap(({ lastBegunAt }) => (lastBegunAt === undefined ? [] : [lastBegunAt]));
  return {
    completed: sum(({ completed }) => completed),
    failed: sum(({ failed }) => failed),
    dead: sum(({ dead }) => dead),
    givenBack: sum(({ givenBack }) => givenBack),
    stalled: sum(({ stalled }) => stalled),
    running: sum(({ running }) => running),
    lastBegunAt: begun.length === 0 ? undefined : Math.max(...begun),
    lastEndedAt: Math.max(...activities.map(({ lastEndedAt }) => lastEndedAt)),
    lastDoneAt: Math.max(...activities.map(({ lastDoneAt }) => lastDoneAt)),
  };
}
