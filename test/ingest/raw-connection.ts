import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterEach } from "vitest";
import { waitUntil } from "../support/wait-until.ts";

export interface RawConnection {
  /** Resolves once the bytes are on their way; also when the other side is gone. */
  write(data: string | Uint8Array): Promise<void>;
  /** Everything that came back so far. */
  received(): string;
  /** Wait until an answer with its body has come, and return it. */
  answer(): Promise<{ status: number; head: string; body: string }>;
  /** Settles when the other side has ended the connection. */
  readonly closed: Promise<void>;
  /** Whether the system still holds it; one that takes nothing is not told when the other side resets it. Linux only. */
  isUp(): boolean;
  /** Take nothing until told to go on. */
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** Open a bare connection, to say what no HTTP client would. */
export async function openConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  // Being cut off is one of the outcomes under test.
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  afterEach(() => void socket.destroy());
  await once(socket, "connect");

  const findAnswer = () => {
    const [head = "", ...rest] = received.split("\r\n\r\n");
    const body = rest.join("\r\n\r\n");
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    return length !== undefined && body.length >= Number(length)
      ? { status: Number(head.slice(9, 12)), head, body: body.slice(0, Number(length)) }
      : undefined;
  };

  return {
    write: (data) => new Promise((resolve) => void socket.write(data, () => resolve())),
    received: () => received,
    answer: () => waitUntil(findAnswer, { what: "an answer has come" }),
    closed,
    isUp: () => isConnected(socket.localPort ?? 0, Number(port)),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy: () => socket.destroy(),
  };
}

function isConnected(from: number, to: number): boolean {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");
  // Local and remote address, then the state: 01 is connected.
  const line = new RegExp(`:${hex(from)} [0-9A-F]+:${hex(to)} 01 `);
  return ["/proc/net/tcp", "/proc/net/tcp6"].some((file) => line.test(readFileSync(file, "utf8")));
}

/** One chunk of a chunked body. */
export function chunkOf(data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")]);
}

export const requestHead = (...headers: string[]) =>
  ["POST /v1/ingest HTTP/1.1", "Host: localhost", "Content-Type: application/json", ...headers, "", ""].join(
    "\r\n",
  );
