/**
 * Reads bodies of which most was read before: a harness sends its whole conversation again with every turn. Messages whose
 * bytes begin a body as they began one of the same session are neither decoded nor parsed again; they come out as known messages
 * (`request-messages.ts`). What must stay true: a body reads as it would without a history, or is refused as it would be.
 * What is known is known by the digest of its bytes, and only to the org whose body it came in: how long a body takes tells nobody
 * what another org has sent.
 */
import { randomUUID } from "node:crypto";
import type { Block } from "../providers/block.ts";
import { decodeUtf8 } from "../json/decode-utf8.ts";
import { NIL_UUID } from "../turn/envelope.ts";
import { createListFinder, LIST_NAMES, type ListName, type ListPlace } from "./find-message-list.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../json/json.ts";
import {
  joinList,
  type KnownMessage,
  makeKnownMessages,
  type ReadMessage,
} from "../providers/request-messages.ts";
import { findSharedPart, type ListMark, markRest, noSharedPart, type SharedPart } from "./prefix-digests.ts";
import { exceeds } from "../json/parse-json.ts";
import { parseRequest } from "../providers/parse-request.ts";
import { isProvider, type Provider } from "../providers/provider.ts";
import { scanJson } from "../json/scan-json.ts";

/** Parses bodies, and knows the messages of earlier ones. */
export interface BodyHistory {
  /**
   * Parse the UTF-8 of a body, once it was looked over.
   * @param isWithinBounds when that was found out before, as its bytes came.
   * @throws AppError `invalid_envelope` when it breaks a bound, naming it; SyntaxError when it is not JSON.
   */
  parse(bytes: Buffer, isWithinBounds?: boolean): ParsedBody;
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

const LONGEST_ID = 256;

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
  readonly listName: ListName;
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
  const parseInPieces = (bytes: Buffer, place: ListPlace): ParsedBody | undefined => {
    const list = bytes.subarray(place.start);
    const read = readPieces(bytes.subarray(0, place.start), list, place, (key) => sessions.get(key) ?? []);
    if (read === undefined) return undefined;
    return {
      body: read.body,
      remember(messages) {
        const { found, key } = read;
        const next = key === undefined ? undefined : goOn(read, list, messages);
        if (key === undefined || next === undefined) return undefined;
        // One that is too long would push out all others.
        if (costOf(next) <= maxBytes / LARGEST_SHARE) {
          const { talk } = found;
          const talks = sessions.get(key) ?? [];
          const others = talks.filter((one) => one !== next && (one !== talk || leavesEarly(found)));
          put(key, [...others.slice(1 - TALKS_PER_SESSION), next]);
        }
        return { start: place.start, marks: next.items.slice(0, messages.length) };
      },
    };
  };

  return {
    parse(bytes, isWithinBounds = false) {
      const finder = bytes.length < MIN_BYTES || bytes.length > MAX_BYTES ? undefined : createListFinder();
      const excess = isWithinBounds && finder === undefined ? undefined : scanJson(bytes, finder).excess;
      if (excess !== undefined) throw exceeds(excess);
      const place = finder?.found();
      const inPieces = place && parseInPieces(bytes, place);
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
  /** Of the session, within its org; undefined when it names none. */
  readonly key: string | undefined;
  readonly found: Found;
  /** Undefined when the provider is none. */
  readonly kind: Kind | undefined;
  /** Of the messages that are new. */
  readonly ends: readonly number[];
}

/** Parse all but the messages, which tells whose they are, then those that are new; undefined when that does not make the whole. */
function readPieces(
  head: Buffer,
  list: Buffer,
  { ends, close }: ListPlace,
  talksOf: (key: string) => readonly Talk[],
): Read | undefined {
  const body = parsePieces(head, STAND_IN_JSON, list.subarray(close));
  if (!isJsonObject(body)) return undefined;
  const { provider, request, session } = body;
  if (!isJsonObject(request)) return undefined;
  const listName = LIST_NAMES.find((name) => isStandIn(request[name]));
  if (listName === undefined) return undefined;
  const kind = typeof provider === "string" && isProvider(provider) ? { provider, listName } : undefined;
  const key = keyOf(session);
  // The same bytes come to something else where the kind is another.
  const talks = key === undefined ? [] : talksOf(key).filter((talk) => isOfKind(talk, kind));
  const found = findLongest(talks, list);
  const fresh = parseItems(list, endOf(found), close);
  if (fresh === undefined) return undefined;
  const { talk, shared } = found;
  const known = talk === undefined ? [] : recall(talk, shared.count, list);
  (request as Record<string, JsonValue>)[listName] = joinList({ known, fresh });
  return { body, key, found, kind, ends: ends.slice(shared.count) };
}

/** By what a session is known here: its org, as the envelope takes it (`envelope.ts`), and the id that its harness gave it. */
function keyOf(session: JsonValue | undefined): string | undefined {
  if (!isJsonObject(session)) return undefined;
  const { org_id: org, harness_session_id: id } = session;
  if (typeof id !== "string" || id === "" || id.length > LONGEST_ID) return undefined;
  if (org === undefined || org === null || org === "") return `${NIL_UUID} ${id}`;
  return typeof org === "string" && org.length === NIL_UUID.length ? `${org.toLowerCase()} ${id}` : undefined;
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
