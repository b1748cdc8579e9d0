/** The highest number of each key, kept for a while. */
export interface RecentMarks {
  /** Undefined when nothing was raised lately. */
  get(key: string): number | undefined;
  /** Remember a number, unless a higher one is known. */
  raise(key: string, value: number): void;
}

/**
 * Make marks that hold for at least a span of time, and at most for twice that: no timer, and memory for the keys of two
 * spans only.
 */
export function createRecentMarks(spanMs: number, now: () => number = () => performance.now()): RecentMarks {
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  let bornAt = now();

  const age = (): void => {
    const ageMs = now() - bornAt;
    if (ageMs < spanMs) return;
    old = ageMs < 2 * spanMs ? young : new Map();
    young = new Map();
    bornAt = now();
  };

  const get = (key: string): number | undefined => {
    age();
    const [first, second] = [young.get(key), old.get(key)];
    return first === undefined || second === undefined ? (first ?? second) : Math.max(first, second);
  };

  return {
    get,
    raise(key, value) {
      young.set(key, Math.max(value, get(key) ?? value));
    },
  };
}
