import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readSnapshot } from "../support/snapshot.ts";
import { turnBody } from "../support/turn-body.ts";
import { orgHeader, problem, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

describe("another org's session", () => {
  it("can be neither renamed nor deleted, and nothing of its lineage, nodes or sums is seen", async () => {
    const [org, other] = [randomUUID(), randomUUID()];
    const [parent] = await fixture.ingest(turnBody({ org, session: "parent", answer: "secret" }));
    const [child] = await fixture.ingest(
      turnBody({
        org,
        session: "child",
        envelope: { parent_harness_session_id: "parent", auth_subject: "ada" },
      }),
    );
    const before = await readSnapshot(fixture.sql, org);
    const [head] = await fixture.sql`SELECT head_hash FROM turns WHERE id = ${parent?.turnId ?? ""}`;

    for (const method of ["PATCH", "DELETE"]) {
      const response = await fixture.app.request(`/v1/sessions/${parent?.sessionId}`, {
        method,
        headers: { ...orgHeader(other), "content-type": "application/json" },
        ...(method === "PATCH" ? { body: JSON.stringify({ displayName: "mine" }) } : {}),
      });
      expect(await response.json()).toMatchObject(problem(404, "not_found"));
    }
    for (const path of [
      `/v1/sessions/${child?.sessionId}/tree`,
      `/v1/nodes/${head?.["head_hash"]}`,
      `/v1/nodes/${head?.["head_hash"]}/ancestry`,
    ]) {
      expect((await fixture.get(path, other)).body, path).toMatchObject(problem(404, "not_found"));
      expect((await fixture.get(path, org)).status, path).toBe(200);
    }
    expect((await fixture.get(`/v1/sessions?parent_id=${parent?.sessionId}`, other)).body).toMatchObject({
      items: [],
    });
    expect((await fixture.get("/v1/sessions?auth_subject=ada", other)).body).toMatchObject({ items: [] });
    expect((await fixture.get("/v1/stats", other)).body).toMatchObject({ total: { turns: 0, sessions: 0 } });
    expect(await readSnapshot(fixture.sql, org)).toEqual(before);
  });

  it("keeps its nodes when the same words are deleted elsewhere", async () => {
    const [org, other] = [randomUUID(), randomUUID()];
    const [mine] = await fixture.ingest(turnBody({ org }));
    await fixture.ingest(turnBody({ org: other }));
    const before = await readSnapshot(fixture.sql, other);
    await fixture.app.request(`/v1/sessions/${mine?.sessionId}`, {
      method: "DELETE",
      headers: orgHeader(org),
    });
    expect(await readSnapshot(fixture.sql, other)).toEqual(before);
  });
});
