/**
 * Counts the different names of a body's members, in a table that does not grow with them. It counts too few only for names of one
 * hash, which nobody can choose: the hash begins with a number of this process's own. A name whose place another has taken counts again,
 * and so does each of the first members, which are not looked at: most bodies have no more.
 */
import { randomBytes } from "node:crypto";

/** Counts different names. */
export interface NameCounter {
  /** Count the name that stands at these bytes, if it is a new one; how many there are now. */
  count(bytes: Uint8Array, from: number, to: number): number;
}

const UNSEEN_MEMBERS = 1_024;

// A body has some fifty names. A table, which V8 keeps outside its heap and looks for garbage for, is made when there are more.
const FEW_NAMES = 1_024;
const PLACES = 65_536;
const FNV_PRIME = 0x01000193;

const seed = randomBytes(4).readUInt32LE();

/** Begin with none. */
export function createNameCounter(): NameCounter {
  const few = new Set<number>();
  let places: Uint32Array | undefined;
  let names = 0;
  let unseen = UNSEEN_MEMBERS;
  return {
    count(bytes, from, to) {
      if (from < 0) return (names += 1);
      if (unseen > 0) {
        unseen -= 1;
        return (names += 1);
      }
      let hash = seed;
      for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME);
      // Names of like ends are to lie apart; 0 is an empty place.
      hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
      const tag = (hash ^ (hash >>> 13)) >>> 0 || 1;
      if (few.has(tag)) return names;
      if (few.size < FEW_NAMES) {
        few.add(tag);
        return (names += 1);
      }
      places ??= new Uint32Array(PLACES);
      const place = tag % PLACES;
      if (places[place] === tag) return names;
      places[place] = tag;
      names += 1;
      return names;
    },
  };
}
