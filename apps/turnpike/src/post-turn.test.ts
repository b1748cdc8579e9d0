import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { postTurn } from "./post-turn.ts";

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a server does with one request: answer it, or lose the connection. */
type Step = Answer | "reset";

interface Received {
  readonly body: string;
  readonly contentType: string | undefined;
  readonly at: number;
}

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** Serve these steps, one per request; the last one goes on. */
async function serveSteps(steps: readonly Step[]): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    const step = steps[Math.min(received.length, steps.length - 1)];
    received.push({ body, contentType: request.headers["content-type"], at: performance.now() });
    if (step === undefined || step === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    response.writeHead(step.status, step.headers);
    response.end(typeof step.body === "string" ? step.body : JSON.stringify(step.body ?? {}));
  };
  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ingest`, received };
}

const accepted: Answer = { status: 202, body: { status: "accepted", receipt: "r-1" } };

describe("postTurn", () => {
  it("posts the body as it is and returns the receipt", async () => {
    const { url, received } = await serveSteps([accepted]);
    expect(await postTurn(url, '{ "ä": "🐞" }')).toEqual({ outcome: "accepted", receipt: "r-1", retries: 0 });
    expect(received).toMatchObject([{ body: '{ "ä": "🐞" }', contentType: "application/json" }]);
  });

  it.each([429, 500, 502, 503])("asks again after %i", async (status) => {
    const { url, received } = await serveSteps([{ status }, { status }, accepted]);
    expect(await postTurn(url, "{}")).toEqual({ outcome: "accepted", receipt: "r-1", retries: 2 });
    expect(received).toHaveLength(3);
  });

  it("waits as long as the server asks it to", async () => {
    const { url, received } = await serveSteps([{ status: 503, headers: { "retry-after": "1" } }, accepted]);
    expect(await postTurn(url, "{}")).toMatchObject({ outcome: "accepted", retries: 1 });
    expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it("asks again when the connection is lost", async () => {
    const { url } = await serveSteps(["reset", "reset", accepted]);
    expect(await postTurn(url, "{}")).toEqual({ outcome: "accepted", receipt: "r-1", retries: 2 });
  });

  it("waits for a server that is not there yet", async () => {
    const { url, received } = await serveSteps([accepted]);
    const server = servers[0] as Server;
    const { port } = server.address() as AddressInfo;
    server.close();
    const posted = postTurn(url, "{}");
    await expect(fetch(url)).rejects.toThrow("fetch failed");
    server.listen(port, "127.0.0.1");
    expect(await posted).toMatchObject({ outcome: "accepted" });
    expect(received).toHaveLength(1);
  });

  it.each([400, 401, 404, 413, 422])(
    "does not ask again after %i, and says what was wrong",
    async (status) => {
      const { url, received } = await serveSteps([{ status, body: { detail: "what was wrong" } }, accepted]);
      expect(await postTurn(url, "{}")).toEqual({
        outcome: "rejected",
        status,
        message: "what was wrong",
        retries: 0,
      });
      expect(received).toHaveLength(1);
    },
  );

  it("falls back on the status when the answer is no JSON", async () => {
    const { url } = await serveSteps([{ status: 404, body: "<html>" }]);
    expect(await postTurn(url, "{}")).toMatchObject({ outcome: "rejected", message: "Not Found" });
  });
});
