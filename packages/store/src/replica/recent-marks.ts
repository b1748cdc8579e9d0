/** The highest number of each key, kept for a while. */
export interface RecentMarks {
  /** Undefined when nothing was raised lately. */
  get(key: string): number | undefined;
  /** Remember a number, unless a higher one is known. */
  raise(key: string, value: number): void;
  /** Counts what was raised. */
  count(): number;
  /** Remember a smaller number, unless the key was raised since a count; tells whether it did. */
  lower(key: string, value: number, since: number): boolean;
}

interface Mark {
  readonly value: number;
  /** The count at which it was raised. */
  readonly at: number;
}

// Of keys in either half: some 20 MB. Whoever sends more in one span is no worker: then marks hold for a shorter time.
const MAX_KEYS = 100_000;

/**
 * Make marks that hold for at least a span of time, and at most for twice that: no timer, and memory for the keys of two
 * spans only.
 */
export function createRecentMarks(spanMs: number, now: () => number = () => performance.now()): RecentMarks {
  let young = new Map<string, Mark>();
  let old = new Map<string, Mark>();
  let bornAt = now();
  let count = 0;

  const age = (): void => {
    const ageMs = now() - bornAt;
    if (ageMs < spanMs && young.size < MAX_KEYS) return;
    old = ageMs < 2 * spanMs ? young : new Map();
    young = new Map();
    bornAt = now();
  };

  const find = (key: string): Mark | undefined => {
    age();
    const [first, second] = [young.get(key), old.get(key)];
    if (first === undefined || second === undefined) return first ?? second;
    return first.value < second.value ? second : first;
  };

  return {
    get: (key) => find(key)?.value,
    raise(key, value) {
      count += 1;
      young.set(key, { value: Math.max(value, find(key)?.value ?? value), at: count });
    },
    count: () => count,
    lower(key, value, since) {
      const mark = find(key);
      if (mark === undefined || mark.value <= value || (young.get(key)?.at ?? mark.at) > since) return false;
      old.delete(key);
      young.set(key, { value, at: mark.at });
      return true;
    },
  };
}
