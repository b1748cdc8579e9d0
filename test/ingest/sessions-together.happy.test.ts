import { randomUUID } from "node:crypto";
import type { BodyToEnqueue } from "@turnpike/domain/ports/ports";
import { describe, expect, it } from "vitest";
import { createTestIngest, turn } from "./ingest-fixture.ts";

const groupOf = (body: object | undefined): string | undefined => (body as BodyToEnqueue | undefined)?.group;

describe("what belongs to one session", () => {
  it("has one group, turns and events alike, and nothing else has it", async () => {
    const { app, queue } = createTestIngest();
    const post = async (path: string, body: object): Promise<void> => {
      const answer = await app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(202);
    };
    const session = { org_id: randomUUID(), harness_id: "claude", harness_session_id: "one" };
    const others = [
      { ...session, org_id: randomUUID() },
      { ...session, harness_id: "codex" },
      { ...session, harness_session_id: "two" },
    ];
    await post("/v1/ingest", { ...turn, session });
    await post("/v1/ingest/batch", { turns: [{ ...turn, session, agent_name: "another" }] });
    await post("/v1/ingest/events", { session, events: [{ type: "run_started" }] });
    for (const other of others) await post("/v1/ingest", { ...turn, session: other });
    const groups = [...queue.calls, ...queue.eventCalls].map(([body]) => groupOf(body));
    const [first] = groups;
    expect(first).toBeDefined();
    expect(groups.filter((group) => group === first)).toHaveLength(3);
    expect(new Set(groups).size).toBe(4);
  });

  it("of a turn that names no session there is nothing", async () => {
    const { app, queue } = createTestIngest();
    for (const session of [undefined, { harness_id: "claude" }]) {
      await app.request("/v1/ingest", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...turn, session }),
      });
    }
    expect(queue.calls.map(([body]) => groupOf(body))).toEqual([undefined, undefined]);
  });
});
