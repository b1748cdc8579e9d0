/** Numbers that a seed decides, so that a run can be had again. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T;
  /** True in this share of the calls. */
  chance(share: number): boolean;
  /** Another source, decided by this one's seed and a name, whatever was drawn from this one before. */
  branch(name: string): Random;
}

/** Make a source of a seed (splitmix32: short, and good enough to choose faults by). */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return ((word ^ (word >>> 15)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    chance: (share) => next() < share,
    branch: (name) => createRandom(hashOf(name, seed)),
  };
}

// FNV-1a.
function hashOf(name: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}
