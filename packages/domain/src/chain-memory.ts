/**
 * Remembers the hashes of messages that were seen as children of a node. A harness sends the whole conversation again with
 * every turn, so that all but the last messages of a turn were hashed before; to compare them costs a fraction of hashing them.
 * What must stay true: a hash is found for the very same message under the very same parent only.
 */
import type { Block, Message } from "./block.ts";
import { isSameMessage } from "./same-message.ts";

/** A message that is remembered, with its hash. */
export interface RememberedMessage {
  readonly message: Message;
  readonly hash: string;
}

/** Hashes by parent and message. */
export interface ChainMemory {
  /**
   * Find a message as the child of a node (`""` for a root). What comes back is the one that was remembered: whoever goes on with
   * that lets the new one, with all its texts, be forgotten.
   */
  find(parentHash: string, message: Message): RememberedMessage | undefined;
  /** Remember it. The message is kept as it is and must not be changed any more. */
  remember(parentHash: string, message: Message, hash: string): void;
}

interface Entry extends RememberedMessage {
  readonly chars: number;
}

// What an entry costs beside its texts.
const ENTRY_CHARS = 200;

/**
 * Make a memory that forgets what was not asked for lately: when half of it is full it becomes the older half, and what is
 * found there moves to the newer one.
 * @param maxChars of text that are kept at most; a character is one or two bytes of memory.
 */
export function createChainMemory({ maxChars }: { readonly maxChars: number }): ChainMemory {
  let older: ReadonlyMap<string, Entry> = new Map();
  let newer = new Map<string, Entry>();
  let newerChars = 0;

  const keep = (key: string, entry: Entry): void => {
    if (newerChars + entry.chars > maxChars / 2) {
      older = newer;
      newer = new Map();
      newerChars = 0;
    }
    if (entry.chars > maxChars / 2) return;
    newer.set(key, entry);
    newerChars += entry.chars;
  };

  return {
    find(parentHash, message) {
      const key = keyOf(parentHash, message);
      const recent = newer.get(key);
      const entry = recent ?? older.get(key);
      if (entry === undefined || !isSameMessage(entry.message, message)) return undefined;
      if (recent === undefined) keep(key, entry);
      return entry;
    },
    remember(parentHash, message, hash) {
      const chars = ENTRY_CHARS + message.content.reduce((sum, block) => sum + charsOf(block), 0);
      keep(keyOf(parentHash, message), { message, hash, chars });
    },
  };
}

// Messages under one parent share a place: a fork replaces what it forks off from, and the hash of the parent is all that is
// looked up. Roots have one parent in common, so a little of the message belongs to their key.
function keyOf(parentHash: string, { role, content }: Message): string {
  if (parentHash !== "") return parentHash;
  const last = content.at(-1);
  const text = last?.text ?? last?.tool_output ?? last?.tool_use_id ?? "";
  return `${role} ${content.length} ${text.length} ${text.slice(-16)}`;
}

function charsOf(block: Block): number {
  const plain =
    (block.text?.length ?? 0) +
    (block.tool_output?.length ?? 0) +
    (block.thinking?.length ?? 0) +
    (block.thinking_signature?.length ?? 0) +
    (block.image_base64?.length ?? 0) +
    (block.image_url?.length ?? 0);
  return plain + jsonChars(block.tool_input) + jsonChars(block.content);
}

function jsonChars(value: unknown): number {
  return value === undefined ? 0 : (JSON.stringify(value)?.length ?? 0);
}
