/** A server that can go away: a proxy in front of it that loses connections, refuses new ones, or falls silent. */
import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { findLastingPort } from "./find-lasting-port.ts";

/** A proxy in front of one server. */
export interface TcpProxy {
  /** The server's URL through the proxy. */
  readonly url: string;
  /** Reset every connection; new ones are taken. */
  cut(): void;
  /** Reset every connection and refuse new ones. */
  stop(): Promise<void>;
  /** Reset every connection, and each new one as soon as it is made, as a server does that is starting. */
  drop(): void;
  /** Keep every connection and take new ones, but let nothing through: the server hangs. */
  hang(): void;
  /** Let everything through late by so many milliseconds, in its order; 0 ends it. */
  delay(ms: number): void;
  /** Let half of each connection's next piece through, in whichever direction it goes, and then reset the connection. */
  truncate(): void;
  /** Connect with another server from now on. */
  retarget(targetUrl: string): void;
  /** Let everything through again, after whichever of these; connections from before a hang are reset. */
  resume(): Promise<void>;
  /** Count the connections that are open. */
  connections(): number;
  /** Count the connections that were ever made. */
  taken(): number;
  /** Count the pieces that clients sent into a hang. */
  swallowed(): number;
  /** Close the proxy with every connection through it. */
  close(): Promise<void>;
}

/** Put a proxy in front of the server of a URL. */
export async function createTcpProxy(targetUrl: string): Promise<TcpProxy> {
  let target = new URL(targetUrl);
  const clients = new Set<Socket>();
  const truncated = new Set<Socket>();
  let delayMs = 0;
  let isHanging = false;
  let isDropping = false;
  let taken = 0;
  let swallowed = 0;
  let server: Server | undefined;

  const port = await findLastingPort();
  const open = async (): Promise<void> => {
    server = createServer((client) => connectThrough(client));
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const connectThrough = (client: Socket): void => {
    taken += 1;
    clients.add(client);
    client.once("close", () => {
      clients.delete(client);
      truncated.delete(client);
    });
    client.on("error", () => {});
    if (isDropping) {
      client.resetAndDestroy();
      return;
    }
    const upstream = createConnection({ host: target.hostname, port: Number(target.port) });
    upstream.on("error", () => {});
    const send = createLane(upstream, client);
    const answer = createLane(client, client);
    client.on("data", (chunk) => {
      if (isHanging) swallowed += 1;
      else send(chunk);
    });
    upstream.on("data", (chunk) => {
      if (!isHanging) answer(chunk);
    });
    upstream.once("close", () => client.destroy());
    client.once("close", () => upstream.destroy());
  };
  /** One direction of a client's connection: late or cut short when it is to be, and always in order. */
  const createLane = (to: Socket, client: Socket): ((chunk: Buffer) => void) => {
    const late: Buffer[] = [];
    let isTruncated = false;
    return (chunk) => {
      if (isTruncated) return;
      if (truncated.delete(client)) {
        isTruncated = true;
        const rest = Buffer.concat([...late.splice(0), chunk.subarray(0, chunk.length >> 1)]);
        to.write(rest, () => client.resetAndDestroy());
      } else if (delayMs === 0 && late.length === 0) {
        to.write(chunk);
      } else {
        late.push(chunk);
        // Whichever timer is first, the oldest piece goes first.
        setTimeout(() => to.write(late.shift() ?? ""), delayMs);
      }
    };
  };
  const cut = (): void => clients.forEach((client) => client.resetAndDestroy());
  const stop = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    const closed = closing === undefined ? undefined : once(closing, "close");
    closing?.close();
    cut();
    await closed;
  };

  await open();
  const url = new URL(targetUrl);
  url.hostname = "127.0.0.1";
  url.port = String(port);
  return {
    url: url.href,
    cut,
    stop,
    drop: () => {
      isDropping = true;
      cut();
    },
    hang: () => {
      isHanging = true;
    },
    delay: (ms) => {
      delayMs = ms;
    },
    truncate: () => clients.forEach((client) => truncated.add(client)),
    retarget: (targetUrl) => {
      target = new URL(targetUrl);
    },
    async resume() {
      if (isHanging) cut();
      delayMs = 0;
      truncated.clear();
      isHanging = false;
      isDropping = false;
      if (server === undefined) await open();
    },
    connections: () => clients.size,
    taken: () => taken,
    swallowed: () => swallowed,
    close: stop,
  };
}
