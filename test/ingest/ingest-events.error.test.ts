import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createTestIngest, events, limits, post, readProblem } from "./ingest-fixture.ts";

interface Refusal {
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code: string;
  readonly detail: string | RegExp;
}

const badEnvelope = { status: 400, code: "invalid_envelope" } as const;
const withSession = (session: object) => ({ ...events, session });
const withEvents = (...list: unknown[]) => ({ ...events, events: list });

const refusals: Record<string, Refusal> = {
  "a body that declares more than the limit": {
    body: "{}",
    headers: { "content-length": String(limits.receivedBytes + 1) },
    status: 413,
    code: "payload_too_large",
    detail: "body too large: at most 65536 bytes received",
  },
  "a body that inflates to more than the limit": {
    body: gzipSync("x".repeat(limits.decodedBytes + 1)),
    headers: { "content-encoding": "gzip" },
    status: 413,
    code: "payload_too_large",
    detail: "body too large: at most 131072 bytes decoded",
  },
  "a body that is not declared as JSON": {
    ...badEnvelope,
    body: events,
    headers: { "content-type": "text/plain" },
    detail: "invalid envelope: Content-Type must be application/json, text/json or a +json type",
  },
  "a body that is not JSON": {
    ...badEnvelope,
    body: '{"events": secret',
    detail: "invalid envelope: body: not valid JSON",
  },
  "a body that is no object": {
    ...badEnvelope,
    body: [events],
    detail: /^invalid envelope: body: /,
  },
  "no session": {
    ...badEnvelope,
    body: { events: events.events },
    detail: /^invalid envelope: session: /,
  },
  "an org that is no UUID": {
    ...badEnvelope,
    body: withSession({ ...events.session, org_id: "acme" }),
    detail: "invalid envelope: org_id is not a valid UUID",
  },
  "a session whose harness is not known": {
    ...badEnvelope,
    body: withSession({ harness_session_id: "s1" }),
    detail: /^invalid envelope: session\.harness_id: must be given/,
  },
  "a session without an id": {
    ...badEnvelope,
    body: withSession({ harness_id: "claude", harness_session_id: "" }),
    detail: /^invalid envelope: session\.harness_session_id: must be given/,
  },
  "an empty parent": {
    ...badEnvelope,
    body: withSession({ ...events.session, parent_harness_session_id: "" }),
    detail: /^invalid envelope: session\.parent_harness_session_id: .*omit it/,
  },
  "an empty list of events": {
    ...badEnvelope,
    body: withEvents(),
    detail: /^invalid envelope: events: .*>=1/,
  },
  "1,001 events": {
    ...badEnvelope,
    body: withEvents(...Array.from({ length: 1_001 }, () => ({ type: "a" }))),
    detail: /^invalid envelope: events: .*<=1000/,
  },
  "an event that is none": {
    ...badEnvelope,
    body: withEvents({ type: "a" }, "b"),
    detail: "invalid envelope: events[1]: expected object, received string",
  },
  "a type of 101 characters": {
    ...badEnvelope,
    body: withEvents({ type: "a" }, { type: "a".repeat(101) }),
    detail: /^invalid envelope: events\[1\]\.type: /,
  },
  "the type of a tombstone": {
    ...badEnvelope,
    body: withEvents({ type: "redacted" }),
    detail: "invalid envelope: events[0].type: is a type that only Turnpike itself may write",
  },
  "a time that is none": {
    ...badEnvelope,
    body: withEvents({ type: "a", occurred_at: "yesterday" }),
    detail: /^invalid envelope: events\[0\]\.occurred_at: must be an RFC 3339/,
  },
};

describe("POST /v1/ingest/events", () => {
  it.each(Object.entries(refusals))("refuses %s", async (_, { body, headers, status, code, detail }) => {
    const { app, queue } = createTestIngest();
    const response = await post(app, "/v1/ingest/events", body, headers);
    const problem = await readProblem(response);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(problem).toEqual({
      type: "about:blank",
      title: { 400: "Bad Request", 413: "Content Too Large" }[status],
      status,
      detail: expect.toSatisfy((text: string) =>
        typeof detail === "string" ? text === detail : detail.test(text),
      ),
      code,
      requestId: response.headers.get("x-request-id"),
      error: problem.detail,
    });
    expect(queue.eventCalls).toEqual([]);
  });

  it("answers 503 with Retry-After when the queue is away", async () => {
    const { app, queue } = createTestIngest();
    queue.isAway = true;
    const response = await post(app, "/v1/ingest/events", events);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await readProblem(response)).code).toBe("queue_unavailable");
  });

  it("answers 500 without saying why when something unforeseen happens", async () => {
    const { app, queue } = createTestIngest();
    queue.enqueueEvents = () => Promise.reject(new TypeError("secret internals"));
    const response = await post(app, "/v1/ingest/events", events);
    expect(response.status).toBe(500);
    expect(JSON.stringify(await readProblem(response))).not.toContain("secret");
  });

  it("answers 405 to another method", async () => {
    const { app } = createTestIngest();
    const response = await app.request("/v1/ingest/events");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
  });

  it("counts what it refuses, by code", async () => {
    const { app } = createTestIngest();
    await post(app, "/v1/ingest/events", withEvents());
    expect(await (await app.request("/metrics")).text()).toMatch(
      /turnpike_event_posts_rejected_total\{.*code="invalid_envelope".*\} 1/,
    );
  });
});
