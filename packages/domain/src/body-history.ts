/**
 * Reads bodies of which most was read before: a harness sends its whole conversation again with every turn. Messages whose
 * bytes begin a body as they began one of the same session are neither decoded nor parsed again; they come out as known messages
 * (`known-messages.ts`). What must stay true: a body reads as it would without a history, or is refused as it would be.
 * The session's id is a hint where to look, and nothing else: what is known is known by the digest of its bytes.
 */
import { randomUUID } from "node:crypto";
import type { Block } from "./block.ts";
import { decodeUtf8 } from "./decode-utf8.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "./json.ts";
import { joinList, type KnownMessage, makeKnownMessages, type ReadMessage } from "./known-messages.ts";
import { findSharedPart, type ListMark, markRest, noSharedPart, type SharedPart } from "./list-digests.ts";
import { parseRequest } from "./parse-request.ts";
import { isProvider, type Provider } from "./provider.ts";
import { findMember, listItemEnds, skipSpace } from "./scan-json.ts";

/** Parses bodies, and knows the messages of earlier ones. */
export interface BodyHistory {
  /**
   * Parse the UTF-8 of a body.
   * @throws SyntaxError when it is not JSON.
   */
  parse(bytes: Buffer): ParsedBody;
}

/** A body that was parsed. */
export interface ParsedBody {
  /** What `JSON.parse` makes of it, but that its request's first messages may be known ones. It must not be changed. */
  readonly body: unknown;
  /**
   * Remember the messages, once they are known to be good: all that the request came to, in order. They are passed over when they
   * are not as many as its list has items.
   * @returns where they lie in the body; undefined when they were passed over, or the body was parsed as a whole.
   */
  remember(messages: readonly ReadMessage[]): MessageList | undefined;
}

/** Where the messages of a body lie. */
export interface MessageList {
  /** The first byte behind the list's bracket. */
  readonly start: number;
  /** Of each message, counted from there. */
  readonly marks: readonly ListMark[];
}

// A smaller one is parsed in no time, a larger one takes too much memory in pieces.
const MIN_BYTES = 4_096;
const MAX_BYTES = 4 * 2 ** 20;

// Of one session: its subagents' conversations come in between.
const TALKS_PER_SESSION = 4;

const LARGEST_SHARE = 4;

// What they take of the heap, about (measured 2026-11-27).
const TALK_BYTES = 500;
const MESSAGE_BYTES = 230;

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

type KnownItem = ListMark & ReadMessage;

/** How the items of a list become messages. */
interface Kind {
  readonly provider: Provider;
  readonly listName: (typeof LIST_NAMES)[number];
}

/** A conversation, as far as it is known. */
interface Talk extends Kind {
  readonly items: readonly KnownItem[];
}

/**
 * Make a history that forgets the sessions that were not asked for lately.
 * @param maxBytes of memory that it takes at most, about.
 */
export function createBodyHistory({ maxBytes }: { readonly maxBytes: number }): BodyHistory {
  const sessions = new Map<string, readonly Talk[]>();
  let cost = 0;

  const put = (key: string, talks: readonly Talk[]): void => {
    cost += sumCosts(talks) - sumCosts(sessions.get(key) ?? []);
    // To the end: what was asked for last is forgotten last.
    sessions.delete(key);
    sessions.set(key, talks);
    for (const [oldest, itsTalks] of sessions) {
      if (cost <= maxBytes) return;
      sessions.delete(oldest);
      cost -= sumCosts(itsTalks);
    }
  };
  const parseInPieces = (bytes: Buffer, key: string): ParsedBody | undefined => {
    const start = findList(bytes);
    if (start === undefined) return undefined;
    const [head, list] = [bytes.subarray(0, start), bytes.subarray(start)];
    const read = readPieces(head, list, sessions.get(key) ?? []);
    if (read === undefined) return undefined;
    return {
      body: read.body,
      remember(messages) {
        const { found } = read;
        const next = goOn(read, list, messages);
        if (next === undefined) return undefined;
        // One that is too long would push out all others.
        if (costOf(next) <= maxBytes / LARGEST_SHARE) {
          const { talk } = found;
          const talks = sessions.get(key) ?? [];
          const others = talks.filter((one) => one !== next && (one !== talk || leavesEarly(found)));
          put(key, [...others.slice(1 - TALKS_PER_SESSION), next]);
        }
        return { start, marks: next.items.slice(0, messages.length) };
      },
    };
  };

  return {
    parse(bytes) {
      const key = bytes.length < MIN_BYTES || bytes.length > MAX_BYTES ? undefined : sessionIdOf(bytes);
      const inPieces = key === undefined ? undefined : parseInPieces(bytes, key);
      return inPieces ?? asParsedBody(JSON.parse(decodeUtf8(bytes)));
    },
  };
}

/** Take a body that was parsed without a history for one that was parsed with it. */
export function asParsedBody(body: unknown): ParsedBody {
  return { body, remember: () => undefined };
}

interface Found {
  readonly talk: Talk | undefined;
  /** What the list has in common with it. */
  readonly shared: SharedPart;
}

function findLongest(talks: readonly Talk[], list: Buffer): Found {
  let longest: Found | undefined;
  for (const talk of talks) {
    const shared = findSharedPart(talk.items, list);
    if (shared.count > (longest?.shared.count ?? 0)) longest = { talk, shared };
  }
  return longest ?? { talk: undefined, shared: noSharedPart() };
}

interface Read {
  readonly body: unknown;
  readonly found: Found;
  /** Undefined when the provider is none. */
  readonly kind: Kind | undefined;
  /** Of the messages that are new. */
  readonly ends: readonly number[];
}

/** Parse the messages that are new and, apart from them, all the rest; undefined when that does not make the whole. */
function readPieces(head: Buffer, list: Buffer, talks: readonly Talk[]): Read | undefined {
  const found = findLongest(talks, list);
  const from = endOf(found);
  const rest = listItemEnds(list, from);
  if (rest === undefined) return undefined;
  const fresh = parseItems(list, from, rest.close);
  const body = parsePieces(head, STAND_IN_JSON, list.subarray(rest.close));
  if (fresh === undefined || !isJsonObject(body)) return undefined;
  const { provider, request } = body;
  if (!isJsonObject(request)) return undefined;
  const listName = LIST_NAMES.find((name) => isStandIn(request[name]));
  if (listName === undefined) return undefined;
  const kind = typeof provider === "string" && isProvider(provider) ? { provider, listName } : undefined;
  const { talk, shared } = found;
  // The same bytes come to something else.
  if (talk !== undefined && !isOfKind(talk, kind))
    return readPieces(
      head,
      list,
      talks.filter((one) => isOfKind(one, kind)),
    );
  const known = talk === undefined ? [] : recall(talk, shared.count, list);
  (request as Record<string, JsonValue>)[listName] = joinList({ known, fresh });
  return { body, found, kind, ends: rest.ends };
}

function isOfKind(talk: Talk, kind: Kind | undefined): boolean {
  return talk.provider === kind?.provider && talk.listName === kind.listName;
}

function recall({ items, ...kind }: Talk, count: number, list: Buffer): KnownMessage[] {
  return makeKnownMessages(items.slice(0, count), (index) =>
    readContent(kind, parseItems(list, items[index - 1]?.end ?? 0, items[index]?.end ?? 0)),
  );
}

function readContent(
  { provider, listName }: Kind,
  items: readonly JsonValue[] | undefined,
): readonly Block[] {
  const [message] = items === undefined ? [] : parseRequest(provider, { [listName]: items });
  if (message === undefined) throw new Error("a message that was read before cannot be read again");
  return message.content;
}

/** Parse items of a list from behind the one before them, or from the list's beginning. */
function parseItems(list: Buffer, from: number, to: number): readonly JsonValue[] | undefined {
  const items = parsePieces(from === 0 ? OPEN : FIRST_ITEM, list.subarray(from, to), CLOSE);
  if (!isJsonArray(items)) return undefined;
  return from === 0 ? items : items.slice(1);
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

/** Add what is new to what was found; undefined when there is nothing to remember. */
function goOn({ kind, found, ends }: Read, list: Buffer, messages: readonly ReadMessage[]): Talk | undefined {
  const { talk, shared } = found;
  if (kind === undefined || messages.length !== shared.count + ends.length) return undefined;
  // An earlier turn that comes late says nothing new.
  if (ends.length === 0) return talk;
  const marks = markRest(list, endOf(found), ends, shared);
  const items = marks.map(({ end, digest }, index): KnownItem => {
    const { role, hash } = messages[shared.count + index] as ReadMessage;
    return { end, digest, role, hash };
  });
  return { ...kind, items: [...(talk?.items.slice(0, shared.count) ?? []), ...items] };
}

function leavesEarly({ talk, shared }: Found): boolean {
  return talk !== undefined && shared.count * 2 < talk.items.length;
}

function endOf({ talk, shared }: Found): number {
  return talk?.items[shared.count - 1]?.end ?? 0;
}

function sumCosts(talks: readonly Talk[]): number {
  return talks.reduce((sum, talk) => sum + costOf(talk), 0);
}

function costOf({ items }: Talk): number {
  return TALK_BYTES + items.length * MESSAGE_BYTES;
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
