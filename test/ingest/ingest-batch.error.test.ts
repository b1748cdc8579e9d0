import { describe, expect, it } from "vitest";
import { createTestIngest, limits, post, readProblem, turn } from "./ingest-fixture.ts";

describe("POST /v1/ingest/batch", () => {
  it.each<[string, unknown, string]>([
    ["no turns", {}, "invalid envelope: empty batch"],
    ["null for turns", { turns: null }, "invalid envelope: empty batch"],
    ["an empty list", { turns: [] }, "invalid envelope: empty batch"],
    ["turns that are no list", { turns: turn }, "invalid envelope: turns: expected array"],
    ["a bare list", [turn], "invalid envelope: body: expected object"],
    ["null", "null", "invalid envelope: body: expected object"],
    ["what does not parse", '{"turns":[', "invalid envelope: body: not valid JSON"],
    [
      "too many turns",
      { turns: Array(1001).fill(7) },
      "invalid envelope: batch of 1001 turns, at most 1000 are taken",
    ],
  ])("refuses %s as a whole", async (_, body, detail) => {
    const { app, queue } = createTestIngest();
    const response = await post(app, "/v1/ingest/batch", body);
    expect(response.status).toBe(400);
    expect(await readProblem(response)).toMatchObject({ code: "invalid_envelope", detail, error: detail });
    expect(queue.calls).toEqual([]);
  });

  it("refuses a batch that is too large before it looks at its type", async () => {
    const { app } = createTestIngest();
    const response = await post(app, "/v1/ingest/batch", " ".repeat(limits.receivedBytes + 1), {
      "content-type": "text/plain",
    });
    expect(response.status).toBe(413);
  });

  it("accepts nothing when the queue is away", async () => {
    const { app, queue } = createTestIngest();
    queue.isAway = true;
    const response = await post(app, "/v1/ingest/batch", { turns: [turn, {}, turn] });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect((await readProblem(response)).code).toBe("queue_unavailable");
    expect(queue.calls).toEqual([]);
  });

  it.each<[string, string, string]>([
    ["what no turn reads", '"unknown"', "nested deeper than 520 levels"],
    ["a request", '"request":{"x"', "nested deeper than 520 levels"],
    ["what no turn reads", '"unknown"', "more than 1000000 values"],
  ])("is refused as a whole for the bounds of a body, in %s %s too: %s", async (_what, place, excess) => {
    const { app, queue } = createTestIngest({ receivedBytes: 4_000_000, decodedBytes: 4_000_000 });
    const bomb = excess.includes("deep") ? "[".repeat(518) + "]".repeat(518) : `[${"0,".repeat(999_999)}0]`;
    const junk = `${place}:${bomb}${"}".repeat(place.split("{").length - 1)}`;
    const body = `{"turns":[${JSON.stringify(turn)},{${junk},${JSON.stringify(turn).slice(1)}]}`;
    const response = await post(app, "/v1/ingest/batch", body);
    expect(response.status).toBe(400);
    expect(await readProblem(response)).toMatchObject({
      code: "invalid_envelope",
      detail: `invalid envelope: body: ${excess}`,
    });
    expect(queue.calls).toEqual([]);
  });
});
