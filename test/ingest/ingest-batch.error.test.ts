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

  it("refuses a turn that is nested too deeply to be written out again, and takes its neighbours", async () => {
    const { app } = createTestIngest();
    const depth = 15_000;
    const deep = JSON.stringify(turn).replace(
      '"model"',
      `"x":${"[".repeat(depth)}${"]".repeat(depth)},"model"`,
    );
    const unknown = `{"unknown":${"[".repeat(depth)}${"]".repeat(depth)},${JSON.stringify(turn).slice(1)}`;
    const body = `{"turns":[${deep},${JSON.stringify(turn)}]}`;
    expect(await (await post(app, "/v1/ingest/batch", body)).json()).toMatchObject({
      accepted: 1,
      rejected: 1,
    });
    const answer = await (await post(app, "/v1/ingest/batch", `{"turns":[${unknown}]}`)).json();
    expect(answer).toMatchObject({
      rejected: 1,
      errors: ["turn[0]: invalid envelope: body: nested too deeply"],
    });
  });
});
