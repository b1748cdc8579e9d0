import { describe, expect, it } from "vitest";
import { createTestIngest, post, readBatch, turn, UUID_V7 } from "./ingest-fixture.ts";

describe("POST /v1/ingest/batch", () => {
  it("makes all turns durable in one go, in input order", async () => {
    const { app, queue } = createTestIngest();
    const turns = ["a", "b", "c"].map((agent_name) => ({ ...turn, agent_name }));
    const response = await post(app, "/v1/ingest/batch", { turns }, { "x-request-id": "b-1" });
    expect(response.status).toBe(202);
    const answer = await readBatch(response);
    expect(answer).toEqual({
      accepted: 3,
      rejected: 0,
      errors: [],
      receipts: Array(3).fill(expect.stringMatching(UUID_V7)),
    });
    expect(queue.calls).toHaveLength(1);
    expect(queue.calls[0]?.map(({ body }) => JSON.parse(body))).toEqual(turns);
    expect(queue.calls[0]?.map(({ receipt }) => receipt)).toEqual(answer.receipts);
    expect(new Set(queue.calls[0]?.map(({ requestId }) => requestId))).toEqual(new Set(["b-1"]));
  });

  it("judges each turn on its own, and tells which receipt belongs to which", async () => {
    const { app, queue } = createTestIngest();
    const turns = [{ ...turn, provider: "x" }, turn, 7, { ...turn, session: { org_id: "acme" } }, turn];
    const answer = await readBatch(await post(app, "/v1/ingest/batch", { turns }));
    const receipt = expect.stringMatching(UUID_V7);
    expect(answer).toEqual({
      accepted: 2,
      rejected: 3,
      errors: [
        'turn[0]: unprocessable turn: unsupported provider "x" (supported: [anthropic openai ollama])',
        expect.stringMatching(/^turn\[2\]: invalid envelope: body: /),
        "turn[3]: invalid envelope: org_id is not a valid UUID",
      ],
      receipts: [null, receipt, null, null, receipt],
    });
    expect(queue.calls[0]?.map(({ receipt }) => receipt)).toEqual([answer.receipts[1], answer.receipts[4]]);
  });

  it("answers 202 also when every turn is refused, and leaves the queue alone", async () => {
    const { app, queue } = createTestIngest();
    queue.isAway = true;
    const response = await post(app, "/v1/ingest/batch", { turns: [{}, null] });
    expect(response.status).toBe(202);
    expect(await readBatch(response)).toMatchObject({ accepted: 0, rejected: 2, receipts: [null, null] });
  });

  it("takes 1,000 turns", async () => {
    const { app, queue } = createTestIngest();
    const response = await post(app, "/v1/ingest/batch", { turns: [turn, ...Array(999).fill(null)] });
    expect(await readBatch(response)).toMatchObject({ accepted: 1, rejected: 999 });
    expect(queue.calls[0]).toHaveLength(1);
  });

  it("keeps a key named __proto__ in a turn", async () => {
    const { app, queue } = createTestIngest();
    const text = JSON.stringify(turn).replace('"model":"m"', '"model":"m","__proto__":{"kept":1}');
    expect((await post(app, "/v1/ingest/batch", `{"turns":[${text}]}`)).status).toBe(202);
    expect(queue.calls[0]?.[0]?.body).toBe(text);
  });
});
