/** The highest of what was noted lately. */
export interface RecentPeak {
  note(value: number): void;
  /** Of the last span at least, of the last two at most; 0 when nothing was noted in them. */
  read(): number;
}

/**
 * Make one that nothing was noted in.
 * @param options.now in milliseconds, never going back.
 */
export function createRecentPeak({
  spanMs,
  now = () => performance.now(),
}: {
  readonly spanMs: number;
  readonly now?: () => number;
}): RecentPeak {
  let [earlier, current, endsAt] = [0, 0, Number.NEGATIVE_INFINITY];

  const goOn = (): void => {
    const at = now();
    if (at < endsAt) return;
    earlier = at < endsAt + spanMs ? current : 0;
    current = 0;
    endsAt = at + spanMs;
  };
  return {
    note(value) {
      goOn();
      current = Math.max(current, value);
    },
    read() {
      goOn();
      return Math.max(earlier, current);
    },
  };
}
