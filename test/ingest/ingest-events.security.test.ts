/** What a hostile sender may try with events: to be heard in logs and answers, or to speak in Turnpike's own name. */
import { describe, expect, it } from "vitest";
import { createTestIngest, events, post, readProblem } from "./ingest-fixture.ts";

const secret = "sk-secret-value";
const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const bodyWith = (event: string): string =>
  `{"session":${JSON.stringify(events.session)},"events":[{"type":"a"},${event}]}`;

describe("POST /v1/ingest/events", () => {
  it("writes nothing of a body into the log", async () => {
    const { app, logged } = createTestIngest();
    const event = { type: "a", id: secret, message: secret, run_id: secret, metadata: { [secret]: secret } };
    const session = { ...events.session, auth_subject: secret, name: secret };
    expect((await post(app, "/v1/ingest/events", { session, events: [event] })).status).toBe(202);
    expect(logged().length).toBeGreaterThan(0);
    expect(JSON.stringify(logged())).not.toContain(secret);
  });

  it.each<[string, unknown]>([
    ["type", secret],
    ["id", `import:${secret}`],
    ["id", { [secret]: 1 }],
    ["occurred_at", secret],
    ["run_id", [secret]],
    ["message", { [secret]: secret }],
    ["metadata", secret],
  ])("does not repeat a bad %s, neither in the answer nor in the log", async (field, value) => {
    const { app, logged } = createTestIngest();
    const response = await post(
      app,
      "/v1/ingest/events",
      bodyWith(JSON.stringify({ type: "a", [field]: value })),
    );
    const problem = await readProblem(response);
    expect([response.status, problem.detail]).toEqual([
      400,
      expect.stringContaining(`invalid envelope: events[1].${field}: `),
    ]);
    expect(JSON.stringify([problem, logged()])).not.toContain(secret);
  });

  it.each([
    [513, "events[1].metadata: nested deeper than 512 levels"],
    [8_000, "body: nested deeper than 520 levels"],
  ])("refuses metadata of %d levels, and goes on", async (levels, rule) => {
    const { app } = createTestIngest();
    const body = bodyWith(`{"type":"a","metadata":${nested(levels)}}`);
    const response = await post(app, "/v1/ingest/events", body);
    expect(response.status).toBe(400);
    expect((await readProblem(response)).detail).toBe(`invalid envelope: ${rule}`);
    expect((await post(app, "/v1/ingest/events", events)).status).toBe(202);
  });

  it.each(["redacted", "pruned"])("lets nobody write %s in Turnpike's name", async (type) => {
    const { app, queue } = createTestIngest();
    expect((await post(app, "/v1/ingest/events", bodyWith(JSON.stringify({ type })))).status).toBe(400);
    expect(queue.eventCalls).toEqual([]);
  });

  it.each(["redacted:1", "pruned:1", "parent_link_refused:x", "import:x"])(
    "lets nobody take the id %s, which the store makes itself",
    async (id) => {
      const { app } = createTestIngest();
      const response = await post(app, "/v1/ingest/events", bodyWith(JSON.stringify({ type: "a", id })));
      expect(response.status).toBe(400);
    },
  );

  it("takes keys that are no ordinary ones for what they are", async () => {
    const { app } = createTestIngest();
    const event = '{"type":"a","metadata":{"__proto__":{"polluted":1},"constructor":1},"__proto__":{"id":7}}';
    expect((await post(app, "/v1/ingest/events", bodyWith(event))).status).toBe(202);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
