/** Every status that a served contract documents is one that a request gets; the requests are made from the documents. */
import { randomUUID } from "node:crypto";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { createLogger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import type { PostgresEditor } from "@turnpike/store/edit/postgres-editor";
import type { PostgresReader } from "@turnpike/store/read/postgres-reader";
import { createTimelineApp } from "@turnpike/timeline/app";
import type { TimelineDeps } from "@turnpike/timeline/deps";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestIngest } from "../ingest/ingest-fixture.ts";
import { createTestTimeline, useTimeline } from "../timeline/timeline-fixture.ts";
import { deadLetter } from "../support/dead-letter.ts";
import { turnBody } from "../support/turn-body.ts";

interface Call {
  readonly path: string;
  readonly init?: RequestInit;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly statuses: readonly number[];
}

async function listOperations(app: HttpApp): Promise<Operation[]> {
  const document = (await (await app.request("/openapi.json")).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      method: method.toUpperCase(),
      path,
      statuses: Object.keys(responses).map(Number),
    })),
  );
}

async function expectStatus(app: HttpApp, operation: Operation, status: number, call: Call): Promise<void> {
  const answer = await app.request(call.path, { method: operation.method, ...call.init });
  const said = `${operation.method} ${operation.path} ${status}`;
  expect(`${operation.method} ${operation.path} ${answer.status}`).toBe(said);
  if (status >= 400) expect(answer.headers.get("content-type"), said).toBe("application/problem+json");
  await answer.body?.cancel();
}

const json = (body: string): RequestInit => ({ headers: { "content-type": "application/json" }, body });

describe("the timeline app gives every status that it documents", () => {
  const fixture = useTimeline();
  const away = createTestTimeline({ url: "postgres://127.0.0.1:1/none" });
  const broken = createTimelineApp({
    ...brokenStore(),
    logger: createLogger({ level: "silent", name: "test" }),
    registry: createRegistry("timeline"),
    isStopping: () => false,
  });
  const letterReceipt = randomUUID();
  let ids: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    const [result] = await fixture.ingest(turnBody());
    const [turn] = await fixture.sql`SELECT receipt, head_hash FROM turns WHERE id = ${result?.turnId ?? ""}`;
    ids = {
      "{id}": result?.sessionId ?? "",
      "{turn_id}": result?.turnId ?? "",
      "{hash}": turn?.["head_hash"] as string,
      "{receipt}": turn?.["receipt"] as string,
    };
    const letter = deadLetter({ orgId: NIL_UUID, receipt: letterReceipt });
    await fixture.deadLetters.put(letter);
  });
  afterAll(() => away.close());

  const known = (path: string): string =>
    path.replaceAll(/\{\w+\}/g, (name) =>
      path === "/v1/dead-letters/{receipt}" ? letterReceipt : (ids[name] ?? name),
    );
  const unknown = (path: string): string =>
    path.replaceAll(/\{\w+\}/g, (name) => (name === "{hash}" ? "0".repeat(64) : randomUUID()));
  const initOf = ({ method }: Operation): RequestInit => {
    if (method === "PATCH") return json(JSON.stringify({ displayName: "named" }));
    return method === "POST" ? json(JSON.stringify({ all: true })) : {};
  };

  it("in one pass over its document", async () => {
    const operations = await listOperations(fixture.app);
    // What takes the session away comes last.
    for (const operation of operations.toSorted(
      (a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"),
    )) {
      const init = initOf(operation);
      for (const status of operation.statuses.toSorted((a, b) => b - a)) {
        const { app, call } = recipe(operation, status, init);
        await expectStatus(app, operation, status, call);
      }
    }
  });

  function recipe({ path }: Operation, status: number, init: RequestInit): { app: HttpApp; call: Call } {
    const { app } = fixture;
    switch (status) {
      case 503:
        return { app: away.app, call: { path: known(path), init } };
      case 500:
        return { app: broken, call: { path: known(path), init } };
      case 413:
        return {
          app,
          call: { path: known(path), init: json(JSON.stringify({ displayName: "x".repeat(100_000) })) },
        };
      case 404:
        return { app, call: { path: unknown(path), init } };
      case 400:
        return { app, call: { path: `${known(path)}?org_id=nobody`, init } };
      case 204:
        return path.endsWith("/timeline")
          ? {
              app,
              call: { path: `${known(path)}?before=1`, init: { headers: { accept: "text/event-stream" } } },
            }
          : { app, call: { path: known(path), init } };
      default:
        return { app, call: { path: known(path), init } };
    }
  }
});

describe("the ingest app gives every status that it documents", () => {
  it("in one pass over its document", async () => {
    for (const operation of await listOperations(createTestIngest().app)) {
      for (const status of operation.statuses) {
        const ingest = createTestIngest();
        if (status === 503) ingest.queue.isAway = true;
        if (status === 500) {
          ingest.queue.ping = () => Promise.reject(new Error("unexpected"));
        }
        await expectStatus(ingest.app, operation, status, {
          path: operation.path,
          ...(operation.method === "POST" ? { init: json(bodyFor(operation.path, status)) } : {}),
        });
      }
    }
  });
});

function bodyFor(path: string, status: number): string {
  if (status === 400) return "{";
  if (status === 413) return JSON.stringify({ padding: "x".repeat(100_000) });
  if (status === 422) return JSON.stringify({ ...(JSON.parse(turnBody()) as object), provider: "none" });
  if (path.endsWith("/batch")) return `{"turns":[${turnBody()}]}`;
  if (!path.endsWith("/events")) return turnBody();
  return JSON.stringify({
    session: { harness_id: "claude", harness_session_id: "s" },
    events: [{ type: "run_started" }],
  });
}

/** A store whose every call fails in a way that nobody foresaw. */
function brokenStore(): Pick<TimelineDeps, "reader" | "editor" | "deadLetters" | "queue" | "replayer"> {
  const fail = (): Promise<never> => Promise.reject(new Error("unexpected"));
  // What is asked while the app is made is no call of a route.
  const broken = new Proxy({}, { get: (_target, name) => (name === "replicaState" ? () => {} : fail) });
  return {
    reader: broken as PostgresReader,
    editor: broken as PostgresEditor,
    deadLetters: broken as TimelineDeps["deadLetters"],
    queue: broken as TimelineDeps["queue"],
    replayer: broken as TimelineDeps["replayer"],
  };
}
