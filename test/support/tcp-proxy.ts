/** A server that can go away: a proxy in front of it that loses connections, refuses new ones, or falls silent. */
import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";

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
  const target = new URL(targetUrl);
  const clients = new Set<Socket>();
  let isHanging = false;
  let isDropping = false;
  let taken = 0;
  let swallowed = 0;
  let server: Server | undefined;

  const open = async (port: number): Promise<number> => {
    server = createServer((client) => connectThrough(client));
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const connectThrough = (client: Socket): void => {
    taken += 1;
    clients.add(client);
    client.once("close", () => clients.delete(client));
    client.on("error", () => {});
    if (isDropping) {
      client.resetAndDestroy();
      return;
    }
    client.on("data", (chunk) => {
      if (isHanging) swallowed += 1;
      else upstream.write(chunk);
    });
    const upstream = createConnection({ host: target.hostname, port: Number(target.port) });
    upstream.on("error", () => {});
    upstream.on("data", (chunk) => {
      if (!isHanging) client.write(chunk);
    });
    upstream.once("close", () => client.destroy());
    client.once("close", () => upstream.destroy());
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

  const port = await open(0);
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
    async resume() {
      if (isHanging) cut();
      isHanging = false;
      isDropping = false;
      if (server === undefined) await open(port);
    },
    connections: () => clients.size,
    taken: () => taken,
    swallowed: () => swallowed,
    close: stop,
  };
}
