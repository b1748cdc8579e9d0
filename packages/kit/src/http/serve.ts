/** Puts an app on a port, with an end: a slow client does not hold a connection for ever, a stop does not cut off an answer. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { noteArrival } from "./arrival.ts";
import { cutOffStillReader } from "./cut-off-still-reader.ts";
import { decideKnownHosts, type KnownHosts } from "./known-hosts.ts";
import { answerMalformed, refuseMalformed } from "./malformed-request.ts";
import { createPacer } from "@turnpike/async/pacer";
import { StartError } from "../process/start-error.ts";

/** Longer than the idle time-out of common load balancers (60 s), so that they and not we end an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
// Connections that the system holds until this process is free to take them; beyond that it lets go of them.
const BACKLOG = 4_096;

const KIB = 1024;
const MIB = 1024 * KIB;
// Some ten milliseconds of work, so that a burst of requests leaves the event loop to others in between.
const PACE = { startsPerTurn: 32, maxWaitingBytes: 64 * MIB } as const;
const REQUEST_BYTES = 4 * KIB;
// What Node.js reads of a body before anybody asks for it.
const MAX_READ_BYTES = 64 * KIB;

/** How to put an app on a port. */
export interface ServeOptions {
  readonly app: {
    fetch(
      request: Request,
      env: HttpBindings & { knownHosts: KnownHosts | undefined },
    ): Response | Promise<Response>;
  };
  /** 0 takes any free one. */
  readonly port: number;
  readonly host: string;
  /** Names by which it is known beside those of this machine; without any, and where others may connect, any host is answered. */
  readonly allowedHosts?: readonly string[];
  /** From connection to the end of a request's head. */
  readonly headersTimeoutMs?: number;
  /** From connection to the end of a request's body; the answer may take as long as it likes. */
  readonly requestTimeoutMs?: number;
  /** Without a byte of an answer taken. */
  readonly writeTimeoutMs?: number;
}

/** An app on a port. */
export interface HttpServer {
  /** How to reach it from this machine, without a trailing slash. */
  readonly url: string;
  /**
   * Stop accepting, end idle connections, wait for running requests, and destroy what is left at the deadline. Later
   * calls wait for the same end.
   * @returns whether every running request was answered.
   */
  close(deadlineMs: number): Promise<boolean>;
}

/**
 * Put an app on a port.
 * @throws StartError that names port and host when they cannot be had.
 */
export async function serve({
  app,
  port,
  host,
  allowedHosts = [],
  headersTimeoutMs = 15_000,
  requestTimeoutMs = 300_000,
  writeTimeoutMs = 10_000,
}: ServeOptions): Promise<HttpServer> {
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.max(100, Math.min(headersTimeoutMs, requestTimeoutMs, 20_000) / 4),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // By itself it answers without a body; ours is a problem like any other.
    requireHostHeader: false,
  });
  const runningBySocket = new Map<Socket, number>();
  let closing: Promise<boolean> | undefined;

  server.on("connection", (socket: Socket) => {
    runningBySocket.set(socket, 0);
    socket.once("close", () => runningBySocket.delete(socket));
  });
  server.on("request", (incoming, outgoing) => {
    const { socket } = incoming;
    runningBySocket.set(socket, (runningBySocket.get(socket) ?? 0) + 1);
    if (closing !== undefined) outgoing.shouldKeepAlive = false;
    outgoing.once("close", () => {
      const running = (runningBySocket.get(socket) ?? 1) - 1;
      if (!socket.destroyed) runningBySocket.set(socket, running);
      if (closing !== undefined && running === 0) socket.destroySoon();
    });
  });
  let knownHosts: KnownHosts | undefined;
  const listener = getRequestListener(
    (request, env) => app.fetch(request, Object.assign(env as HttpBindings, { knownHosts })),
    { errorHandler: answerMalformed },
  );
  const pacer = createPacer(PACE);
  server.on("request", (incoming, outgoing) => {
    noteArrival(incoming);
    cutOffStillReader(outgoing, writeTimeoutMs);
    pacer.start(() => void listener(incoming, outgoing), bytesOf(incoming));
  });
  server.on("clientError", refuseMalformed);

  server.listen({ port, host, backlog: BACKLOG });
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    throw new StartError(`cannot listen on ${host}:${port}: ${reasons[error.code ?? ""] ?? error.message}`, {
      cause: error,
    });
  });
  const address = server.address() as AddressInfo;
  knownHosts = decideKnownHosts(address.address, allowedHosts);

  const closeNow = async (deadlineMs: number): Promise<boolean> => {
    const closed = once(server, "close").then(() => true);
    server.close();
    for (const [socket, running] of runningBySocket) if (running === 0) socket.destroySoon();
    const deadline = new AbortController();
    const isClean = await Promise.race([
      closed,
      sleep(deadlineMs, false, { signal: deadline.signal }).catch(() => false),
    ]);
    deadline.abort();
    if (!isClean) server.closeAllConnections();
    await closed;
    return isClean;
  };

  return {
    url: urlOf(address),
    close: (deadlineMs) => (closing ??= closeNow(deadlineMs)),
  };
}

/** What a request holds before it is begun. */
function bytesOf({ headers }: IncomingMessage): number {
  const declaredBytes = Number(
    headers["content-length"] ?? (headers["transfer-encoding"] ? MAX_READ_BYTES : 0),
  );
  return REQUEST_BYTES + Math.min(declaredBytes, MAX_READ_BYTES);
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use; choose another, or stop what holds it",
  EACCES: "this user may not open the port; choose one above 1023",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "the host name is unknown",
};

// The wildcard addresses are no destinations.
function urlOf({ address, family, port }: AddressInfo): string {
  const isWildcard = address === "0.0.0.0" || address === "::";
  const host = isWildcard ? "127.0.0.1" : family === "IPv6" ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
