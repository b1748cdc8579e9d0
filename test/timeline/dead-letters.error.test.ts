import { randomUUID } from "node:crypto";
import { AppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { deadLetter } from "../support/dead-letter.ts";
import { orgHeader, problem, useTimeline } from "./timeline-fixture.ts";

// What the queue says when a job comes back.
let answer: () => Promise<void> = () => Promise.resolve();
const fixture = useTimeline({ replayer: { replay: () => answer() } });

async function post(path: string, body: unknown, orgId: string = randomUUID()) {
  const response = await fixture.app.request(path, {
    method: "POST",
    headers: { ...orgHeader(orgId), "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe.each(["/v1/dead-letters/replay", "/v1/dead-letters/discard"])("POST %s refuses", (path) => {
  it.each([
    ["nothing that says which letters", {}],
    ["all and something narrower", { all: true, code: "internal" }],
    ["a criterion that is misspelt", { codes: "internal", all: true }],
    ["a code that is none", { code: "bad_luck" }],
    ["a receipt that is none", { receipts: ["x"] }],
    ["no receipt at all", { receipts: [] }],
    ["too many receipts", { receipts: Array.from({ length: 1_001 }, () => randomUUID()) }],
    ["an org that is none", { orgId: "acme" }],
    ["one org and all orgs", { orgId: randomUUID(), allOrgs: true }],
    ["all orgs without a criterion", { allOrgs: true }],
    ["a time that is none", { since: "yesterday" }],
    ["a limit of zero", { all: true, limit: 0 }],
    ["a limit beyond the bound", { all: true, limit: 10_001 }],
    ["a cursor of another act", { all: true, cursor: "e30" }],
    ["a list", []],
    ["no JSON", "{"],
  ])("%s", async (_name, body) => {
    expect((await post(path, body)).body).toMatchObject(problem(400, "invalid_query"));
  });

  it("a body of more than 64 KiB", async () => {
    const body = { all: true, padding: "x".repeat(70_000) };
    expect((await post(path, body)).body).toMatchObject(problem(413, "payload_too_large"));
  });
});

describe("POST /v1/dead-letters/replay", () => {
  it.each([0, 1_001, 1.5, "fast"])("refuses a rate of %s", async (ratePerSecond) => {
    const { body } = await post("/v1/dead-letters/replay", { all: true, ratePerSecond });
    expect(body).toMatchObject(problem(400, "invalid_query"));
  });

  it("stops where the queue goes away, says how far it came, and goes on from there", async () => {
    const orgId = randomUUID();
    for (let index = 0; index < 5; index += 1) await fixture.deadLetters.put(deadLetter({ orgId }));
    let taken = 0;
    answer = () => {
      if (taken === 3) return Promise.reject(new AppError("queue_unavailable", "away"));
      taken += 1;
      return Promise.resolve();
    };
    const act = { all: true, ratePerSecond: 1_000 };
    const first = await post("/v1/dead-letters/replay", act, orgId);
    expect(first.body).toMatchObject({ done: 3, stopped: "queue_unavailable" });
    const cursor = first.body["nextCursor"];
    answer = () => Promise.resolve();
    const rest = await post("/v1/dead-letters/replay", { ...act, cursor }, orgId);
    expect(rest.body).toMatchObject({ done: 2, stopped: null, nextCursor: null });
  });

  it("leaves alone what is no job, and goes on", async () => {
    const orgId = randomUUID();
    for (let index = 0; index < 2; index += 1) await fixture.deadLetters.put(deadLetter({ orgId }));
    let isFirst = true;
    answer = () => {
      if (!isFirst) return Promise.resolve();
      isFirst = false;
      return Promise.reject(new AppError("unreadable_job", "no job"));
    };
    const { body } = await post("/v1/dead-letters/replay", { all: true }, orgId);
    expect(body).toMatchObject({ done: 1, skipped: { unreadable: 1 }, stopped: null });
  });
});

describe("the lists refuse", () => {
  it.each([
    "/v1/dead-letters?limit=0",
    "/v1/dead-letters?limit=201",
    "/v1/dead-letters?code=none",
    "/v1/dead-letters?state=gone",
    "/v1/dead-letters?since=now",
    "/v1/dead-letters?all_orgs=yes",
    "/v1/dead-letters?cursor=x",
    "/v1/dead-letters/x",
    `/v1/dead-letters/${randomUUID()}?full=maybe`,
    "/v1/audit?limit=0",
    "/v1/audit?cursor=x",
    "/v1/ledger?org_id=acme",
  ])("%s", async (path) => {
    expect((await fixture.get(path)).body).toMatchObject(problem(400, "invalid_query"));
  });

  it("a cursor that belongs to another query, or whose key is forged", async () => {
    const orgId = randomUUID();
    for (let index = 0; index < 2; index += 1) await fixture.deadLetters.put(deadLetter({ orgId }));
    const { body } = await fixture.get("/v1/dead-letters?limit=1", orgId);
    const cursor = String(body["nextCursor"]);
    const forged = JSON.parse(Buffer.from(cursor, "base64url").toString()) as { key: string[] };
    forged.key[0] = "tomorrow";
    const forgery = Buffer.from(JSON.stringify(forged)).toString("base64url");
    for (const [path, org] of [
      [`/v1/dead-letters?limit=1&cursor=${cursor}&code=internal`, orgId],
      [`/v1/dead-letters?limit=1&cursor=${cursor}`, randomUUID()],
      [`/v1/dead-letters?limit=1&cursor=${forgery}`, orgId],
    ] as const) {
      expect((await fixture.get(path, org)).body, path).toMatchObject(problem(400, "invalid_query"));
    }
  });
});
