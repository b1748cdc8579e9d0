import type { WireMessage } from "./wire-messages.ts";

/** Follows the statements of one session through its prepared statements and portals. */
export interface StatementReader {
  /** Read the next message of the client; the statement's text when it executes one, else undefined. */
  read(message: WireMessage): string | undefined;
}

/** Make a reader for one session. */
export function createStatementReader(): StatementReader {
  const prepared = new Map<string, string>();
  const portals = new Map<string, string>();
  return {
    read({ type, bytes }) {
      // Behind the type and the length stand strings that end with a zero byte.
      const [first, next] = readString(bytes, 5);
      if (type === "P") prepared.set(first, readString(bytes, next)[0]);
      if (type === "B") portals.set(first, prepared.get(readString(bytes, next)[0]) ?? "");
      if (type === "E") return portals.get(first) ?? "";
      return type === "Q" ? first : undefined;
    },
  };
}

function readString(bytes: Buffer, from: number): [text: string, next: number] {
  const end = bytes.indexOf(0, from);
  return end === -1 ? ["", bytes.length] : [bytes.toString("utf8", from, end), end + 1];
}
