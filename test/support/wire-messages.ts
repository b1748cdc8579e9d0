/** The framing of the Postgres wire protocol, version 3 (PostgreSQL documentation, "Message Formats"). */

/** One message, whole. */
export interface WireMessage {
  /** The type letter; undefined for what a client sends before its session begins, which has none. */
  readonly type: string | undefined;
  /** All its bytes, type and length included. */
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into messages. */
export interface MessageSplitter {
  /** Take the next bytes, cut anywhere, and return the messages that are complete with them. */
  push(chunk: Buffer): WireMessage[];
}

/** Requests that a client may send instead of the startup message, by the code in the place of the version. */
export const requestCodes = { ssl: 80_877_103, gssEncryption: 80_877_104, cancel: 80_877_102 } as const;

const lengthBytes = 4;

/** Read the code or the protocol version of a message without a type letter. */
export function readRequestCode(message: WireMessage): number {
  return message.bytes.readInt32BE(lengthBytes);
}

/** Make a splitter for what a client sends: messages without a type up to the startup message, then messages with one. */
export function createClientSplitter(): MessageSplitter {
  let isStarted = false;
  return createSplitter(
    () => isStarted,
    (message) => {
      if (message.type !== undefined) return;
      const code = readRequestCode(message);
      isStarted = code !== requestCodes.ssl && code !== requestCodes.gssEncryption;
    },
  );
}

/** Make a splitter for what a server sends: every message has a type. */
export function createServerSplitter(): MessageSplitter {
  return createSplitter(
    () => true,
    () => undefined,
  );
}

function createSplitter(hasType: () => boolean, onMessage: (message: WireMessage) => void): MessageSplitter {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const messages: WireMessage[] = [];
      for (;;) {
        const typeBytes = hasType() ? 1 : 0;
        if (rest.length < typeBytes + lengthBytes) return messages;
        // The length counts itself, not the type.
        const size = typeBytes + rest.readInt32BE(typeBytes);
        if (rest.length < size) return messages;
        const bytes = rest.subarray(0, size);
        const type = typeBytes === 1 ? String.fromCharCode(bytes.readUInt8(0)) : undefined;
        const message = { type, bytes };
        rest = rest.subarray(size);
        onMessage(message);
        messages.push(message);
      }
    },
  };
}
