/**
 * Messages of a request that were read before (`conversation-cache.ts`). They stand in its list among those that are JSON, at its
 * beginning, and what reads the list takes them as they are.
 */
import type { Block, Message } from "./block.ts";
import type { JsonValue } from "../json/json.ts";

/** What is remembered of a message. */
export interface ReadMessage {
  readonly role: string;
  /** Of its node; absent where messages are not hashed. */
  readonly hash?: string | undefined;
}

/** A message that was read before. Its content is read again each time that it is asked for, which is rare; it is no own property. */
export interface KnownMessage extends Message {
  /** Of its node, and of that one's parent; undefined where messages are not hashed. */
  readonly hash: string | undefined;
  readonly parentHash: string | null;
}

/** A list of a request, in two parts. */
export interface SplitList {
  readonly known: readonly KnownMessage[];
  readonly fresh: readonly JsonValue[];
}

const knownByList = new WeakMap<readonly JsonValue[], readonly KnownMessage[]>();

/** Reads the content of the message at a place of the list. */
type ReadContent = (index: number) => readonly Block[];

type Draft = { -readonly [Field in "role" | "hash" | "parentHash"]: KnownMessage[Field] } & {
  index: number;
  readContent: ReadContent;
};

// Getters of their own would cost each message a hidden class.
const prototype = {
  get content() {
    const { readContent, index } = this as unknown as Draft;
    return readContent(index);
  },
};

/** Make messages, of whose contents each is read when it is asked for. */
export function makeKnownMessages(
  messages: readonly ReadMessage[],
  readContent: ReadContent,
): KnownMessage[] {
  let parentHash: string | null = null;
  return messages.map(({ role, hash }, index) => {
    const message = Object.create(prototype) as Draft;
    message.role = role;
    message.hash = hash;
    message.parentHash = parentHash;
    message.index = index;
    message.readContent = readContent;
    parentHash = hash ?? null;
    return message as unknown as KnownMessage;
  });
}

/** Put known messages and the JSON of others together to one list. */
export function joinList({ known, fresh }: SplitList): readonly JsonValue[] {
  const list = [...(known as readonly unknown[]), ...fresh] as readonly JsonValue[];
  knownByList.set(list, known);
  return list;
}

/** Take a list apart. One that holds no known messages is all JSON. */
export function splitList(list: readonly JsonValue[]): SplitList {
  const known = knownByList.get(list) ?? [];
  return { known, fresh: known.length === 0 ? list : list.slice(known.length) };
}

/** Tell whether a message of a turn is one that was read before. */
export function isKnown(message: Message): message is KnownMessage {
  return "parentHash" in message;
}
