/**
 * Knows which lists of messages lie in the queue's database already, so that a turn that repeats the conversation before it brings
 * only what is new of it. A list belongs to the process that began it, and only that one adds to it: nobody waits for anybody, and
 * what is in it never changes. That no list goes while a turn needs it is the database's care (a foreign key), not the memory's.
 */
import { randomUUID } from "node:crypto";
import type { MessageList } from "@turnpike/domain/conversation-cache/conversation-cache";
import type { ListMark } from "@turnpike/domain/conversation-cache/prefix-digests";
import type { BodyToEnqueue } from "@turnpike/domain/ports/ports";

const MIB = 2 ** 20;

/** How much is kept, and for how long. */
export interface SharedListsOptions {
  /** A shorter list is not worth a row of its own. */
  readonly minBytes: number;
  /** Of all lists. */
  readonly maxBytes: number;
  /** Parts of all lists. */
  readonly maxParts: number;
  /** A list to which nothing was added for so long is not gone on with; the database forgets it later than that. */
  readonly maxAgeMs: number;
}

const DEFAULTS: SharedListsOptions = {
  minBytes: 8 * 1_024,
  maxBytes: 256 * MIB,
  maxParts: 50_000,
  maxAgeMs: 10 * 60_000,
};
// Of one session: its subagents' conversations come in between.
const LISTS_PER_GROUP = 4;

/** A body without what lies in a list. */
export interface SplitBody {
  readonly listId: string;
  /** The body's messages are the parts of the list up to this one, counted from 0, and what is left of them in the rest. */
  readonly lastPart: number;
  /** Where in the rest they belong. */
  readonly at: number;
  /** What is left of the body. */
  readonly rest: Buffer;
  /** What the last part is to hold; undefined when it is there already. The first one begins the list. */
  readonly part: Buffer | undefined;
  /** To be called once: whether it is in, as far as anybody knows. */
  end(isIn: boolean): void;
}

/** Knows lists. */
export interface SharedLists {
  /** Split a body; undefined when it is better left in one piece. */
  split(body: Pick<BodyToEnqueue, "body" | "group" | "list">): SplitBody | undefined;
  /** Lists that nobody will refer to any more, once there are so many; each is told once. */
  takeForgotten(atLeast: number): string[];
}

interface SharedList {
  readonly id: string;
  readonly group: string;
  /** Of which it is known that they are in. */
  readonly parts: ListMark[];
  /** Bodies that are on their way in. */
  users: number;
  /** One of them brings a part. */
  isGrowing: boolean;
  grownAtMs: number;
}

/** Make an empty memory. */
export function createSharedLists(
  options: Partial<SharedListsOptions> = {},
  now: () => number = () => performance.now(),
): SharedLists {
  const { minBytes, maxBytes, maxParts, maxAgeMs } = { ...DEFAULTS, ...options };
  const byGroup = new Map<string, readonly SharedList[]>();
  // In the order of their last use.
  const all = new Set<SharedList>();
  let [bytes, parts] = [0, 0];
  let forgotten: string[] = [];

  const forget = (list: SharedList): void => {
    if (!all.delete(list)) return;
    bytes -= endOf(list.parts);
    parts -= list.parts.length;
    // Else it is told when the last of them is in, or is known not to be.
    if (list.users === 0) forgotten.push(list.id);
    const others = (byGroup.get(list.group) ?? []).filter((one) => one !== list);
    if (others.length > 0) byGroup.set(list.group, others);
    else byGroup.delete(list.group);
  };
  const makeRoom = (): void => {
    for (const oldest of all) {
      if (bytes <= maxBytes && parts <= maxParts) return;
      forget(oldest);
    }
  };
  const begin = (group: string): SharedList => {
    const list = { id: randomUUID(), group, parts: [], users: 0, isGrowing: false, grownAtMs: now() };
    const others = byGroup.get(group) ?? [];
    for (const first of others.slice(0, 1 - LISTS_PER_GROUP)) forget(first);
    byGroup.set(group, [...(byGroup.get(group) ?? []), list]);
    return list;
  };
  const use = (list: SharedList, mark: ListMark | undefined): ((isIn: boolean) => void) => {
    all.delete(list);
    all.add(list);
    list.users += 1;
    if (mark !== undefined) list.isGrowing = true;
    return (isIn) => {
      list.users -= 1;
      if (mark !== undefined) list.isGrowing = false;
      if (!all.has(list)) {
        if (list.users === 0) forgotten.push(list.id);
        return;
      }
      // Of what failed nobody knows what is in, and a list that is gone fails whoever refers to it.
      if (!isIn) return forget(list);
      if (mark === undefined) return;
      bytes += mark.end - endOf(list.parts);
      parts += 1;
      list.parts.push(mark);
      list.grownAtMs = now();
      makeRoom();
    };
  };
  const known = (group: string): readonly SharedList[] => {
    for (const list of byGroup.get(group) ?? []) if (now() - list.grownAtMs > maxAgeMs) forget(list);
    return byGroup.get(group) ?? [];
  };

  return {
    split({ body, group, list }) {
      const last = list?.marks.at(-1);
      if (typeof body === "string" || group === undefined || list === undefined || last === undefined)
        return undefined;
      const lists = known(group);
      const found = findLongest(lists, list.marks);
      if (found !== undefined) {
        const { count, end } = found;
        const isTip = count === found.list.parts.length && !found.list.isGrowing;
        const grows = isTip && end < last.end;
        if (grows) return cut(body, list, { list: found.list, from: end, lastPart: count, part: last });
        if (isTip || end * 2 >= last.end)
          return cut(body, list, { list: found.list, from: end, lastPart: count - 1, part: undefined });
      }
      // While one is on its way, what comes beside it is no reason for another.
      if (last.end < minBytes || lists.some(({ isGrowing }) => isGrowing)) return undefined;
      return cut(body, list, { list: begin(group), from: 0, lastPart: 0, part: last });
    },
    takeForgotten(atLeast) {
      if (forgotten.length < atLeast) return [];
      const taken = forgotten;
      forgotten = [];
      return taken;
    },
  };

  function cut(body: Buffer, { start }: MessageList, { list, from, lastPart, part }: Place): SplitBody {
    const to = part?.end ?? from;
    return {
      listId: list.id,
      lastPart,
      at: start,
      rest: Buffer.concat([body.subarray(0, start), body.subarray(start + to)]),
      part: part && body.subarray(start + from, start + to),
      end: use(list, part),
    };
  }
}

interface Place {
  readonly list: SharedList;
  /** Where what is in the list already ends. */
  readonly from: number;
  readonly lastPart: number;
  readonly part: ListMark | undefined;
}

interface Found {
  readonly list: SharedList;
  /** How many of its parts the messages begin with. */
  readonly count: number;
  /** Where these end. */
  readonly end: number;
}

/** Find the list that has most of what the messages begin with; undefined when none has any. */
function findLongest(lists: readonly SharedList[], marks: readonly ListMark[]): Found | undefined {
  let longest: Found | undefined;
  for (const list of lists) {
    const last = list.parts.findLastIndex((part) => hasMark(marks, part));
    const end = list.parts[last]?.end ?? 0;
    if (end > (longest?.end ?? 0)) longest = { list, count: last + 1, end };
  }
  return longest;
}

/** Tell whether messages begin with the bytes that a part ends. */
function hasMark(marks: readonly ListMark[], { end, digest }: ListMark): boolean {
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle]?.end ?? 0) < end) low = middle + 1;
    else high = middle;
  }
  return marks[low]?.end === end && marks[low]?.digest === digest;
}

function endOf(parts: readonly ListMark[]): number {
  return parts.at(-1)?.end ?? 0;
}
