/** What is kept of a body beside its content is bounded in bytes, or one post would fill whole pages of every list. */
import { describe, expect, it } from "vitest";
import { createTestIngest, events, post, readBatch, readProblem, turn } from "./ingest-fixture.ts";

const MIB = 2 ** 20;
const NAME_BYTES = 4_096;
const METADATA_BYTES = 262_144;
const limits = { receivedBytes: 4 * MIB, decodedBytes: 4 * MIB };

const { response, session } = turn;
const metadataOf = (bytes: number): object => ({ a: "é".repeat((bytes - 8) / 2) });
const nameOf = (bytes: number): string => "é".repeat(bytes / 2);

const turnFields: [field: string, bytes: number, make: (bytes: number) => object][] = [
  ["agent_name", NAME_BYTES, (bytes) => ({ agent_name: nameOf(bytes) })],
  ["response.model", NAME_BYTES, (bytes) => ({ response: { ...response, model: nameOf(bytes) } })],
  [
    "response.stop_reason",
    NAME_BYTES,
    (bytes) => ({ response: { ...response, stop_reason: nameOf(bytes) } }),
  ],
  [
    "response.message.role",
    NAME_BYTES,
    (bytes) => ({ response: { ...response, message: { ...response.message, role: nameOf(bytes) } } }),
  ],
  ["response.extra", METADATA_BYTES, (bytes) => ({ response: { ...response, extra: metadataOf(bytes) } })],
  ...["auth_subject", "harness_version", "cwd", "name"].map((name): (typeof turnFields)[number] => [
    `session.${name}`,
    NAME_BYTES,
    (bytes) => ({ session: { ...session, [name]: nameOf(bytes) } }),
  ]),
  [
    "session.harness_metadata",
    METADATA_BYTES,
    (bytes) => ({ session: { ...session, harness_metadata: metadataOf(bytes) } }),
  ],
  ...["request_id", "upstream_request_id", "thread_id", "ts_request", "captured_at"].map(
    (name): (typeof turnFields)[number] => [
      `meta.${name}`,
      NAME_BYTES,
      (bytes) => ({ meta: { [name]: nameOf(bytes) } }),
    ],
  ),
  [
    "request: message 1: role",
    NAME_BYTES,
    (bytes) => ({
      request: {
        messages: [
          { role: "user", content: "a" },
          { role: nameOf(bytes), content: "b" },
        ],
      },
    }),
  ],
];

describe("a field of a turn", () => {
  it.each(turnFields)(
    "may be as large as its bound in bytes, and no larger: %s",
    async (field, bytes, make) => {
      const { app, queue } = createTestIngest(limits);
      const detail = `invalid envelope: ${field}: more than ${bytes} bytes`;
      expect((await post(app, "/v1/ingest", { ...turn, ...make(bytes) })).status).toBe(202);
      const refused = await post(app, "/v1/ingest", { ...turn, ...make(bytes + 2) });
      expect(refused.status).toBe(400);
      expect(await readProblem(refused)).toMatchObject({ code: "invalid_envelope", detail });
      const batch = await post(app, "/v1/ingest/batch", { turns: [{ ...turn, ...make(bytes + 2) }, turn] });
      expect(await readBatch(batch)).toMatchObject({ accepted: 1, errors: [`turn[0]: ${detail}`] });
      expect(queue.calls.flat()).toHaveLength(2);
    },
  );

  it("is as large as it likes where it is content", async () => {
    const { app } = createTestIngest(limits);
    const long = "x".repeat(MIB / 2);
    const block = { type: "tool_use", tool_use_id: long, tool_name: "f", tool_input: { long } };
    const large = { ...turn, response: { ...response, message: { role: "assistant", content: [block] } } };
    expect((await post(app, "/v1/ingest", large)).status).toBe(202);
  });
});

describe("a field of a post of events", () => {
  it.each<[string, number, (bytes: number) => object]>([
    [
      "events[1].metadata",
      METADATA_BYTES,
      (bytes) => ({ events: [events.events[0], { type: "a", metadata: metadataOf(bytes) }] }),
    ],
    ["session.cwd", NAME_BYTES, (bytes) => ({ session: { ...session, cwd: nameOf(bytes) } })],
  ])("may be as large as its bound in bytes, and no larger: %s", async (field, bytes, make) => {
    const { app } = createTestIngest(limits);
    expect((await post(app, "/v1/ingest/events", { ...events, ...make(bytes) })).status).toBe(202);
    const refused = await post(app, "/v1/ingest/events", { ...events, ...make(bytes + 2) });
    expect(refused.status).toBe(400);
    expect((await readProblem(refused)).detail).toBe(`invalid envelope: ${field}: more than ${bytes} bytes`);
  });
});

describe("a body of which each item is wrong", () => {
  const turnWith = (content: string): string =>
    JSON.stringify({ ...turn, response: 0 }).replace(
      '"response":0',
      `"response":{"message":{"content":[${content}]}}`,
    );

  it.each<[string, string, string]>([
    ["/v1/ingest", turnWith(`${"0,".repeat(900_000)}0`), "response.message.content[0]: expected object"],
    [
      "/v1/ingest",
      turnWith(`${'{"type":1},'.repeat(190_000)}{}`),
      "response.message.content[0].type: expected string",
    ],
    [
      "/v1/ingest/events",
      `{"session":${JSON.stringify(session)},"events":[${`{"type":1},`.repeat(190_000)}{}]}`,
      "events",
    ],
  ])("is refused for the first of them, in no time: %s", async (path, body, detail) => {
    const { app } = createTestIngest(limits);
    const { user } = process.cpuUsage();
    const refused = await post(app, path, body);
    expect((await readProblem(refused)).detail).toContain(`invalid envelope: ${detail}`);
    expect((process.cpuUsage().user - user) / 1_000).toBeLessThan(700);
  });
});
