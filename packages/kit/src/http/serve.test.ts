import { EventEmitter, once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createHttpApp } from "./http-app.ts";
import { createLogger } from "../process/logger.ts";
import { createRegistry } from "../process/metrics.ts";
import { type HttpServer, serve } from "./serve.ts";

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

async function start(
  fetch: (request: Request) => Response | Promise<Response>,
  port = 0,
  host = "127.0.0.1",
) {
  const server = await serve({ app: { fetch }, port, host });
  servers.push(server);
  return server;
}

/** An app that answers when it is told to. */
function createHeldApp() {
  const events = new EventEmitter();
  return {
    begun: once(events, "begun"),
    release: () => events.emit("release"),
    fetch: async () => {
      events.emit("begun");
      await once(events, "release");
      return new Response("done");
    },
  };
}

describe("serve", () => {
  it("takes any free port, and says how to reach it", async () => {
    const server = await start(() => new Response("hello"), 0, "0.0.0.0");
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(server.url)).text()).toBe("hello");
  });

  it("says so when the port is in use or there is no such address", async () => {
    const port = Number(new URL((await start(() => new Response())).url).port);
    await expect(start(() => new Response(), port)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the port is in use`,
    );
    await expect(start(() => new Response(), 0, "192.0.2.1")).rejects.toThrow(
      "this machine has no such address",
    );
  });
});

describe("many requests at once", () => {
  const REQUESTS = 200;

  /** Send them all in one packet on one connection, and read until the last answer. */
  async function sendAtOnce(url: string): Promise<string> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).setEncoding("utf8");
    const requests = Array.from(
      { length: REQUESTS },
      (_, at) => `GET /${at} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    socket.write(requests.join(""));
    let received = "";
    for await (const text of socket) {
      received += text;
      if (received.includes(`<${REQUESTS - 1}>`)) break;
    }
    return received;
  }

  it("begin a few at a time, in the order in which they came, and are all answered", async () => {
    let begun = 0;
    const byTurn: number[] = [];
    const server = await start(({ url }) => {
      if (begun === 0) setImmediate(() => setImmediate(() => byTurn.push(begun)));
      begun += 1;
      return new Response(`<${new URL(url).pathname.slice(1)}>`);
    });
    const received = await sendAtOnce(server.url);
    expect([...received.matchAll(/<(\d+)>/g)].map(([, at]) => Number(at))).toEqual(
      Array.from({ length: REQUESTS }, (_, at) => at),
    );
    expect(byTurn[0]).toBeLessThan(REQUESTS / 2);
  });

  it("count as long as they wait", async () => {
    const WORK_MS = 2;
    const lines: string[] = [];
    const app = createHttpApp({
      logger: createLogger({
        level: "info",
        name: "test",
        destination: { write: (line) => lines.push(line) },
      }),
      registry: createRegistry("test"),
    });
    app.get("/:at", (c) => {
      const end = performance.now() + WORK_MS;
      while (performance.now() < end);
      return c.text(`<${c.req.param("at")}>`);
    });
    const server = await serve({ app, port: 0, host: "127.0.0.1" });
    servers.push(server);
    await sendAtOnce(server.url);
    const durations = lines.map((line) => (JSON.parse(line) as { durationMs: number }).durationMs);
    expect(durations).toHaveLength(REQUESTS);
    // Those that begin at once are worked on before the last has come; it waited for all the others.
    expect(durations.at(-1)).toBeGreaterThan(REQUESTS - 1);
  });

  it("of a client that goes away meanwhile disturb nobody", async () => {
    const server = await start(() => new Response("hello"));
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write("GET / HTTP/1.1\r\nHost: here\r\n\r\n".repeat(REQUESTS));
    await once(socket, "data");
    socket.destroy();
    expect(await (await fetch(server.url)).text()).toBe("hello");
    expect(await server.close(60_000)).toBe(true);
  });
});

describe("an answer", () => {
  const PIECE_BYTES = 1024 * 1024;
  // More than the buffers of both sides hold.
  const PIECES = 32;
  const TIMEOUT_MS = 500;

  async function startLarge(answer: () => Response | Promise<Response>) {
    let closed: Promise<unknown> = Promise.resolve();
    const server = await serve({
      app: {
        fetch(_request, { outgoing }) {
          closed = once(outgoing, "close");
          return answer();
        },
      },
      port: 0,
      host: "127.0.0.1",
      writeTimeoutMs: TIMEOUT_MS,
    });
    servers.push(server);
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "connect");
    return { socket, whenClosed: () => closed };
  }

  const whole = () => new Response(new Uint8Array(PIECES * PIECE_BYTES));
  const streamed = () => {
    let left = PIECES;
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (left === 0) controller.close();
          else controller.enqueue(new Uint8Array(PIECE_BYTES));
          left -= 1;
        },
      }),
    );
  };

  it.each([
    ["in one piece", whole],
    ["as a stream", streamed],
  ])("%s that nobody takes is cut off", async (_how, answer) => {
    const { socket, whenClosed } = await startLarge(answer);
    const startedAt = performance.now();
    await sleep(TIMEOUT_MS / 5);
    await whenClosed();
    expect(performance.now() - startedAt).toBeGreaterThan(TIMEOUT_MS * 0.9);
    let takenBytes = 0;
    // Node.js 24 says first that it was reset, which `once` takes for a failure.
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("data", (chunk: Buffer) => (takenBytes += chunk.length)).resume();
    await closed;
    expect(takenBytes).toBeLessThan((PIECES * PIECE_BYTES) / 2);
  });

  it.each([
    ["in one piece", whole],
    ["as a stream", streamed],
  ])("%s that is taken little by little is taken whole, however long that takes", async (_how, answer) => {
    const { socket, whenClosed } = await startLarge(answer);
    const startedAt = performance.now();
    let takenBytes = 0;
    while (takenBytes < PIECES * PIECE_BYTES) {
      const chunk = socket.read() as Buffer | null;
      takenBytes += chunk?.length ?? 0;
      await sleep(chunk === null ? 5 : Math.min(TIMEOUT_MS / 5, (chunk.length / PIECE_BYTES) * 100));
    }
    expect(performance.now() - startedAt).toBeGreaterThan(TIMEOUT_MS * 3);
    await whenClosed();
    socket.destroy();
  });

  it("may come late, and the connection may rest between two", async () => {
    const { socket } = await startLarge(async () => {
      await sleep(TIMEOUT_MS * 2);
      return new Response("hello");
    });
    for (const _time of [1, 2]) {
      socket.resume();
      const [data] = (await once(socket, "data")) as [Buffer];
      expect(data.toString()).toContain("hello");
      await sleep(TIMEOUT_MS * 2);
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    socket.destroy();
  });
});

describe("close", () => {
  it("waits for a running request, and accepts no other meanwhile", async () => {
    const app = createHeldApp();
    const server = await start(app.fetch);
    const answer = fetch(server.url);
    await app.begun;
    const closed = server.close(60_000);
    await expect(fetch(server.url)).rejects.toThrow(TypeError);
    app.release();
    expect(await (await answer).text()).toBe("done");
    expect(await closed).toBe(true);
  });

  it("does not wait for idle connections, used or not", async () => {
    const server = await start(() => new Response("hello"));
    const agent = new Agent({ keepAlive: true });
    const [response] = await once(request(server.url, { agent }).end(), "response");
    await response.resume().toArray();
    const silent = connect(Number(new URL(server.url).port), "127.0.0.1");
    await once(silent, "connect");
    expect(await server.close(60_000)).toBe(true);
    agent.destroy();
    silent.destroy();
  });

  it("cuts off at the deadline what still runs, and says so", async () => {
    const app = createHeldApp();
    const server = await start(app.fetch);
    const answer = fetch(server.url).catch((error: unknown) => error);
    await app.begun;
    expect(await server.close(10)).toBe(false);
    expect(await answer).toBeInstanceOf(TypeError);
    app.release();
  });

  it("may be called again, and waits for the same end", async () => {
    const server = await start(() => new Response());
    expect(await Promise.all([server.close(1000), server.close(1)])).toEqual([true, true]);
  });
});
