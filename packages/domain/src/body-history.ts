/**
 * Parses bodies of which most was parsed before: a harness sends its whole conversation again with every turn. Messages whose
 * bytes begin a body as they began one of the same session are neither decoded nor parsed again; the objects of then are handed out once
 * more. What must stay true: what comes out is what `JSON.parse` makes of the whole body, or its error, whatever was parsed before.
 * The session's id is a hint where to look, and nothing else: two sessions that share it share bytes that are equal.
 */
import { randomUUID } from "node:crypto";
import { decodeUtf8 } from "./decode-utf8.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "./json.ts";
import { findMember, listItemEnds, skipSpace } from "./scan-json.ts";

/** Parses bodies, and remembers their messages. */
export interface BodyHistory {
  /**
   * Parse the UTF-8 of a body. What comes out is shared with what comes out later: it must not be changed.
   * @throws SyntaxError when it is not JSON.
   */
  parse(bytes: Buffer): unknown;
}

// A smaller one is parsed in no time, a larger one would push out all others.
const MIN_BYTES = 4_096;
const MAX_BYTES = 4 * 2 ** 20;

// Of one session: its subagents' conversations come in between.
const ENTRIES_PER_SESSION = 4;

// Bytes are kept for comparing, and once more as what they were parsed to.
const COST_PER_BYTE = 2;

const SESSION_ID = Buffer.from('"harness_session_id"');
const LONGEST_ID = 256;
// The envelope stands at one of the two ends, behind the request at most the response.
const SEARCHED_HEAD = 4_096;
const SEARCHED_TAIL = 65_536;

const LIST_NAMES = ["messages", "input"] as const;

/** Stands in for all messages while the rest is parsed; nobody outside can write it, so it tells whether it stood where they stood. */
const STAND_IN = randomUUID();
const STAND_IN_JSON = Buffer.from(`"${STAND_IN}"`);
const FIRST_ITEM = Buffer.from('[""');
const OPEN = Buffer.from("[");
const CLOSE = Buffer.from("]");

interface Entry {
  /** The messages as they stood in a body, from behind the bracket that opens them, and room for more. */
  bytes: Buffer;
  ends: readonly number[];
  items: readonly JsonValue[];
}

/**
 * Make a history that forgets the sessions that were not asked for lately.
 * @param maxBytes of memory that it takes at most, about.
 */
export function createBodyHistory({ maxBytes }: { readonly maxBytes: number }): BodyHistory {
  const sessions = new Map<string, Entry[]>();
  let cost = 0;

  const makeRoom = (): void => {
    for (const [key, entries] of sessions) {
      if (cost <= maxBytes) return;
      sessions.delete(key);
      cost -= sumCosts(entries);
    }
  };
  const parseShared = (body: Buffer, key: string): unknown => {
    const start = findList(body);
    if (start === undefined) return undefined;
    const entries = sessions.get(key) ?? [];
    const before = sumCosts(entries);
    const list = body.subarray(start);
    const found = findLongest(entries, list);
    const read = readPieces(body.subarray(0, start), list, found);
    if (read === undefined) return undefined;
    const kept = keep(found, list, read);
    const others = entries.filter((entry) => entry !== kept).slice(-(ENTRIES_PER_SESSION - 1));
    // To the end: what was asked for last is forgotten last.
    sessions.delete(key);
    sessions.set(key, [...others, kept]);
    cost += sumCosts([...others, kept]) - before;
    makeRoom();
    return read.body;
  };

  return {
    parse(bytes) {
      const key = bytes.length < MIN_BYTES || bytes.length > MAX_BYTES ? undefined : sessionIdOf(bytes);
      const shared = key === undefined ? undefined : parseShared(bytes, key);
      return shared ?? JSON.parse(decodeUtf8(bytes));
    },
  };
}

interface Found {
  readonly entry: Entry;
  /** How many of its messages the list begins with. */
  readonly shared: number;
}

function findLongest(entries: readonly Entry[], list: Buffer): Found | undefined {
  let longest: Found | undefined;
  for (const entry of entries) {
    const shared = countShared(entry, list);
    if (shared > (longest?.shared ?? 0)) longest = { entry, shared };
  }
  return longest;
}

function countShared({ bytes, ends }: Entry, list: Buffer): number {
  let [shared, unequal] = [0, ends.length + 1];
  // At first all of them, which is what is nearly always found.
  let next = ends.length;
  while (shared < unequal - 1) {
    const [from, to] = [ends[shared - 1] ?? 0, ends[next - 1] ?? 0];
    if (to <= list.length && bytes.compare(list, from, to, from, to) === 0) shared = next;
    else unequal = next;
    next = (shared + unequal) >> 1;
  }
  return shared;
}

interface Read {
  readonly body: unknown;
  readonly ends: readonly number[];
  readonly items: readonly JsonValue[];
}

/** Parse the messages that are new and, apart from them, all the rest; undefined when that does not make the whole. */
function readPieces(head: Buffer, list: Buffer, found: Found | undefined): Read | undefined {
  const knownEnds = found?.entry.ends.slice(0, found.shared) ?? [];
  const from = knownEnds.at(-1) ?? 0;
  const rest = listItemEnds(list, from);
  if (rest === undefined) return undefined;
  const fresh = parsePieces(found === undefined ? OPEN : FIRST_ITEM, list.subarray(from, rest.close), CLOSE);
  const body = parsePieces(head, STAND_IN_JSON, list.subarray(rest.close));
  if (!isJsonArray(fresh) || !isJsonObject(body)) return undefined;
  const { request } = body;
  if (!isJsonObject(request)) return undefined;
  const name = LIST_NAMES.find((one) => isStandIn(request[one]));
  if (name === undefined) return undefined;
  const known = found?.entry.items.slice(0, found.shared) ?? [];
  const items = [...known, ...(found === undefined ? fresh : fresh.slice(1))];
  (request as Record<string, JsonValue>)[name] = items;
  return { body, ends: [...knownEnds, ...rest.ends], items };
}

function parsePieces(...pieces: readonly Buffer[]): JsonValue | undefined {
  try {
    return JSON.parse(decodeUtf8(Buffer.concat(pieces))) as JsonValue;
  } catch {
    return undefined;
  }
}

function isStandIn(value: JsonValue | undefined): boolean {
  return isJsonArray(value) && value.length === 1 && value[0] === STAND_IN;
}

function findList(bytes: Buffer): number | undefined {
  const request = findMember(bytes, skipSpace(bytes, 0), "request");
  if (request === undefined) return undefined;
  for (const name of LIST_NAMES) {
    const list = findMember(bytes, request, name);
    if (list !== undefined && bytes[list] === OPEN[0]) return list + 1;
  }
  return undefined;
}

/** Keep a list: at the place of the one that it goes on from, or of its own where it leaves that one early. */
function keep(found: Found | undefined, list: Buffer, { ends, items }: Read): Entry {
  const end = ends.at(-1) ?? 0;
  if (found === undefined || found.shared * 2 < found.entry.ends.length)
    return { bytes: Buffer.from(list.subarray(0, end)), ends, items };
  const { entry, shared } = found;
  // An earlier turn that comes late says nothing new.
  if (ends.length === shared) return entry;
  const from = entry.ends[shared - 1] ?? 0;
  if (entry.bytes.length < end) {
    const roomier = Buffer.allocUnsafeSlow(Math.ceil(end * 1.25));
    entry.bytes.copy(roomier, 0, 0, from);
    entry.bytes = roomier;
  }
  list.copy(entry.bytes, from, from, end);
  entry.ends = ends;
  entry.items = items;
  return entry;
}

function sumCosts(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes.length * COST_PER_BYTE, 0);
}

function sessionIdOf(bytes: Buffer): string | undefined {
  const tailStart = Math.max(0, bytes.length - SEARCHED_TAIL);
  const inTail = bytes.subarray(tailStart).lastIndexOf(SESSION_ID);
  const at = inTail < 0 ? bytes.subarray(0, SEARCHED_HEAD).indexOf(SESSION_ID) : tailStart + inTail;
  if (at < 0) return undefined;
  const start = bytes.indexOf('"', at + SESSION_ID.length) + 1;
  const end = bytes.indexOf('"', start);
  if (start === 0 || end < 0 || end - start > LONGEST_ID) return undefined;
  return bytes.toString("latin1", start, end);
}
