import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { turnBody } from "../support/turn-body.ts";
import { problem, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const unknown = "0".repeat(64);

describe.each(["", "/ancestry"])("GET /v1/nodes/{hash}%s", (suffix) => {
  it.each(["0".repeat(63), "0".repeat(65), "A".repeat(64), `${"0".repeat(63)}g`, "%00"])(
    "refuses %s, which is no hash",
    async (hash) => {
      const { body } = await fixture.get(`/v1/nodes/${hash}${suffix}`);
      expect(body).toMatchObject(problem(400, "invalid_query"));
      expect(body["detail"]).toBe("hash: must be 64 lower-case hex digits");
    },
  );

  it("answers 404 for a node that nobody has", async () => {
    const { body } = await fixture.get(`/v1/nodes/${unknown}${suffix}`);
    expect(body).toMatchObject(problem(404, "not_found"));
  });
});

describe("GET /v1/nodes/{hash}/ancestry", () => {
  it.each(["limit=0", "limit=1001", "limit=x", "limit=", "cursor=", "cursor=x"])(
    "refuses %s",
    async (query) => {
      const { body } = await fixture.get(`/v1/nodes/${unknown}/ancestry?${query}`);
      expect(body).toMatchObject(problem(400, "invalid_query"));
    },
  );

  it("refuses a cursor of another node's path, and one made by hand of a node that is not on it", async () => {
    const org = randomUUID();
    const bodies = ["one", "two"].map((answer) => turnBody({ org, answer }));
    await fixture.ingest(...bodies);
    const [one, two] = bodies.map((body) => prepare(body).nodes.at(-1)?.hash);
    const page = await fixture.get<{ nextCursor: string }>(`/v1/nodes/${one}/ancestry?limit=1`, org);
    const cursor = page.body.nextCursor;
    expect((await fixture.get(`/v1/nodes/${two}/ancestry?cursor=${cursor}`, org)).status).toBe(400);
    const made = JSON.parse(Buffer.from(cursor, "base64url").toString()) as object;
    for (const key of [[two], [unknown], ["x"], [], [one]]) {
      const forged = Buffer.from(JSON.stringify({ ...made, key })).toString("base64url");
      const { body } = await fixture.get(`/v1/nodes/${one}/ancestry?cursor=${forged}`, org);
      expect(body, JSON.stringify(key)).toMatchObject(problem(400, "invalid_query"));
    }
  });
});
