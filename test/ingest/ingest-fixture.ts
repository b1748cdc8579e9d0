/** The ingest app as tests use it: with a queue that records, and a log that can be read. */
import { createIngestApp } from "@turnpike/ingest/app";
import { AppError } from "@turnpike/domain/errors";
import type { BodyToEnqueue, TurnQueue } from "@turnpike/domain/ports/ports";
import type { Problem } from "@turnpike/kit/http/problem";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { createLogger } from "@turnpike/kit/process/logger";
import type { BodyLimits } from "@turnpike/kit/body/read-body";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { type HttpServer, serve, type ServeOptions } from "@turnpike/kit/http/serve";
import { afterAll } from "vitest";
import { textOfBody } from "@turnpike/domain/json/decode-utf8";

/** Small enough to be passed by short bodies. */
export const limits = { receivedBytes: 64 * 1024, decodedBytes: 128 * 1024 };

type TextBody = BodyToEnqueue & { readonly body: string };

interface RecordingQueue extends TurnQueue {
  /** What was made durable, call by call. */
  readonly calls: TextBody[][];
  /** The same for posts of events. */
  readonly eventCalls: TextBody[][];
  isAway: boolean;
}

export interface TestIngest {
  readonly app: HttpApp;
  readonly queue: RecordingQueue;
  /** Every log event so far. */
  readonly logged: () => Record<string, unknown>[];
  isStopping: boolean;
}

function createRecordingQueue(): RecordingQueue {
  const queue: RecordingQueue = {
    calls: [],
    eventCalls: [],
    isAway: false,
    async enqueue(turns) {
      await queue.ping();
      queue.calls.push(turns.map(asText));
    },
    async enqueueEvents(posts) {
      await queue.ping();
      queue.eventCalls.push(posts.map(asText));
    },
    async ping() {
      if (queue.isAway) throw new AppError("queue_unavailable", "connect ECONNREFUSED 10.0.0.7:6379");
    },
  };
  return queue;
}

function asText(accepted: BodyToEnqueue): TextBody {
  return { ...accepted, body: textOfBody(accepted.body) };
}

export function createTestIngest(bodyLimits: BodyLimits = limits): TestIngest {
  const queue = createRecordingQueue();
  const lines: string[] = [];
  const ingest = {
    queue,
    isStopping: false,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
  const app = createIngestApp({
    queue,
    limits: bodyLimits,
    maxInflightBytes: 16 * 1024 * 1024,
    logger: createLogger({
      level: "info",
      name: "ingest",
      destination: { write: (line) => lines.push(line) },
    }),
    registry: createRegistry("ingest"),
    isStopping: () => ingest.isStopping,
  });
  return Object.assign(ingest, { app });
}

/** Serve an app on a free port until the end of the test file. */
export async function serveForTests(
  app: ServeOptions["app"],
  options: Partial<ServeOptions> = {},
): Promise<HttpServer> {
  const server = await serve({ app, port: 0, host: "127.0.0.1", ...options });
  afterAll(() => server.close(0));
  return server;
}

export const turn = {
  provider: "anthropic",
  agent_name: "claude",
  request: { model: "m", messages: [{ role: "user", content: "one" }] },
  response: { model: "m", message: { role: "assistant", content: [{ type: "text", text: "two" }] } },
  session: { org_id: "3F1C9D52-7A44-4C0E-9B1E-5D7A0F4E2C11", harness_id: "claude", harness_session_id: "s1" },
};

export const events = {
  session: turn.session,
  events: [
    { type: "run_started", run_id: "r1" },
    { type: "run_failed", run_id: "r1", message: "no" },
  ],
};

export const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function post(app: HttpApp, path: string, body: unknown, headers: Record<string, string> = {}) {
  return app.request(path, {
    method: "POST",
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

/** A turn whose body is about as large as asked for. */
export function turnOfBytes(sizeBytes: number) {
  return {
    ...turn,
    request: { ...turn.request, messages: [{ role: "user", content: "x".repeat(sizeBytes) }] },
  };
}

export const readProblem = async (response: Response) =>
  (await response.json()) as Problem & { error: string };

export const readAccepted = async (response: Response) => (await response.json()) as { receipt: string };

export const readBatch = async (response: Response) =>
  (await response.json()) as { receipts: (string | null)[] };
