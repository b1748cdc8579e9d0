/**
 * Recognises what a list of messages begins with. Of each message that was there, the SHA-256 of all bytes up to its end is
 * kept instead of the bytes: a conversation takes a few hundred bytes per message, whatever is said in it.
 */
import { createHash, type Hash } from "node:crypto";

/** Where a message of a list ended, and all that came before. */
export interface ListMark {
  /** Behind the message's last byte, from the list's first byte on. */
  readonly end: number;
  /** SHA-256 of the list up to there, each character a byte. */
  readonly digest: string;
}

/** What a list has in common with one that was marked. */
export interface SharedPart {
  /** How many messages. */
  readonly count: number;
  /** Of their bytes; to be used once. */
  readonly hash: Hash;
}

/** Nothing in common. */
export function noSharedPart(): SharedPart {
  return { count: 0, hash: createHash("sha256") };
}

/** Find how many of the marked messages a list begins with. Cost: one pass over their bytes, or two. */
export function findSharedPart(marks: readonly ListMark[], list: Buffer): SharedPart {
  const fitting = marks.findLastIndex(({ end }) => end <= list.length) + 1;
  // A stranger differs in the first message; all that fit are what is nearly always found.
  return reach(marks, list, [1, fitting]) ?? walk(marks.slice(0, fitting), list);
}

/** Undefined when one of these places cannot be reached. */
function reach(marks: readonly ListMark[], list: Buffer, counts: readonly number[]): SharedPart | undefined {
  const hash = createHash("sha256");
  let from = 0;
  for (const count of counts) {
    const mark = marks[count - 1];
    if (mark === undefined) return undefined;
    hash.update(list.subarray(from, mark.end));
    if (digestOf(hash) !== mark.digest) return undefined;
    from = mark.end;
  }
  return { count: counts.at(-1) ?? 0, hash };
}

function walk(marks: readonly ListMark[], list: Buffer): SharedPart {
  let shared = noSharedPart();
  let from = 0;
  for (const { end, digest } of marks) {
    const hash = shared.hash.copy().update(list.subarray(from, end));
    if (digestOf(hash) !== digest) break;
    shared = { count: shared.count + 1, hash };
    from = end;
  }
  return shared;
}

/**
 * Mark the messages that come after the shared part, which is used up.
 * @param from where that ends.
 */
export function markRest(
  list: Buffer,
  from: number,
  ends: readonly number[],
  { hash }: SharedPart,
): ListMark[] {
  let start = from;
  return ends.map((end) => {
    hash.update(list.subarray(start, end));
    start = end;
    return { end, digest: digestOf(hash) };
  });
}

function digestOf(hash: Hash): string {
  return hash.copy().digest("binary");
}
