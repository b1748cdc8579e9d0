import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createTestIngest, events, post, readAccepted, UUID_V7 } from "./ingest-fixture.ts";

describe("POST /v1/ingest/events", () => {
  it("answers 202 with the receipt under which the events were made durable", async () => {
    const { app, queue } = createTestIngest();
    const response = await post(app, "/v1/ingest/events", events, { "x-request-id": "r-1" });
    const answer = await readAccepted(response);
    expect(response.status).toBe(202);
    expect(response.headers.get("x-request-id")).toBe("r-1");
    expect(answer).toEqual({ status: "accepted", receipt: expect.stringMatching(UUID_V7) });
    expect(queue.eventCalls).toEqual([
      [
        {
          receipt: answer.receipt,
          orgId: "3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11",
          requestId: "r-1",
          acceptedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          body: JSON.stringify(events),
          group: '["3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11","claude","s1"]',
        },
      ],
    ]);
    expect(queue.calls).toEqual([]);
  });

  it("hands the body on as it was received, to the byte, also when it was encoded", async () => {
    const { app, queue } = createTestIngest();
    const text = `\n${JSON.stringify(events, null, 3)}\r\n `;
    expect((await post(app, "/v1/ingest/events", text)).status).toBe(202);
    const encoded = await post(app, "/v1/ingest/events", gzipSync(text), { "content-encoding": "gzip" });
    expect(encoded.status).toBe(202);
    expect(queue.eventCalls.flat().map(({ body }) => body)).toEqual([text, text]);
  });

  it("files events without an org under the nil org", async () => {
    const { app, queue } = createTestIngest();
    const session = { ...events.session, org_id: "" };
    expect((await post(app, "/v1/ingest/events", { ...events, session })).status).toBe(202);
    expect(queue.eventCalls[0]?.[0]?.orgId).toBe("00000000-0000-0000-0000-000000000000");
  });

  it("takes 1,000 events at once, and counts them", async () => {
    const { app } = createTestIngest();
    const many = { ...events, events: Array.from({ length: 1_000 }, () => ({ type: "tick" })) };
    expect((await post(app, "/v1/ingest/events", many)).status).toBe(202);
    expect(await (await app.request("/metrics")).text()).toMatch(
      /^turnpike_events_accepted_total\{.*\} 1000$|^turnpike_events_accepted_total 1000$/m,
    );
  });

  it("is described with an example that works", async () => {
    const { app } = createTestIngest();
    const { paths } = (await (await app.request("/openapi.json")).json()) as {
      paths: Record<
        string,
        Record<string, { requestBody: { content: Record<string, { example: unknown }> }; responses: object }>
      >;
    };
    const described = paths["/v1/ingest/events"]?.["post"];
    expect(Object.keys(described?.responses ?? {})).toEqual(["202", "400", "413", "500", "503"]);
    const example = described?.requestBody.content["application/json"]?.example;
    expect((await post(app, "/v1/ingest/events", example)).status).toBe(202);
  });
});
