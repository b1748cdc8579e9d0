import { randomUUID } from "node:crypto";
import { writeDeadJob } from "@turnpike/queue/job/dead-job";
import { describe, expect, it } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { deadLetter } from "../support/dead-letter.ts";
import { prepare } from "../support/prepare.ts";
import { turnBody } from "../support/turn-body.ts";
import { orgHeader, useTimeline } from "./timeline-fixture.ts";

const queued = new Set<string>();
const fixture = useTimeline({
  queue: {
    findReceipt: (_orgId, receipt) =>
      Promise.resolve(queued.has(receipt) ? { state: "queued", attempts: 2 } : undefined),
  },
  replayer: { replay: (_orgId, receipt) => Promise.resolve(void queued.add(receipt)) },
});

interface Page {
  readonly items: readonly (Readonly<Record<string, unknown>> & { receipt: string })[];
  readonly nextCursor: string | null;
}

async function put(count: number, facts: Partial<Parameters<typeof deadLetter>[0]> & { orgId: string }) {
  const letters = Array.from({ length: count }, () => deadLetter(facts));
  for (const letter of letters) await fixture.deadLetters.put(letter);
  return letters;
}

async function act(path: "replay" | "discard", orgId: string, body: object, actor?: string) {
  const response = await fixture.app.request(`/v1/dead-letters/${path}`, {
    method: "POST",
    headers: {
      ...orgHeader(orgId),
      "content-type": "application/json",
      ...(actor === undefined ? {} : { "x-turnpike-actor": actor }),
    },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown> & { nextCursor: string | null; done: number };
}

const skipped = { replaying: 0, discarded: 0, resolved: 0, unknown: 0, unreadable: 0 };
const receiptOf = async (orgId: string, receipt: string) =>
  (await fixture.get(`/v1/receipts/${receipt}`, orgId)).body;

describe("GET /v1/dead-letters", () => {
  it("pages through an org's letters, or all orgs', with filters", async () => {
    const [orgId, other] = [randomUUID(), randomUUID()];
    await put(3, { orgId });
    await put(2, { orgId, code: "broken_chain", lastFailedAt: "2026-11-21T10:00:00.000Z" });
    await put(1, { orgId: other, lastFailedAt: "2026-11-21T11:00:00.000Z" });
    const first = await fixture.get<Page>("/v1/dead-letters?limit=4", orgId);
    const rest = await fixture.get<Page>(`/v1/dead-letters?limit=4&cursor=${first.body.nextCursor}`, orgId);
    expect([first.body.items.length, rest.body.items.length, rest.body.nextCursor]).toEqual([4, 1, null]);
    expect(first.body.items[0]).toEqual({
      orgId,
      receipt: expect.any(String),
      state: "dead",
      jobName: "ingest-turn",
      code: "broken_chain",
      reason: "database: 22P02",
      attempts: 1,
      firstFailedAt: "2026-11-21T08:00:00.000000Z",
      lastFailedAt: "2026-11-21T10:00:00.000000Z",
      acceptedAt: "2026-11-21T07:59:59.000000Z",
      requestId: "request-1",
      jobBytes: 22,
      replays: 0,
      replayedAt: null,
      discardedAt: null,
    });
    for (const [query, count] of [
      ["code=broken_chain", 2],
      ["since=2026-11-21T10:00:00Z", 2],
      ["until=2026-11-21T10:00:00Z", 3],
      ["state=dead", 5],
      ["state=discarded", 0],
    ] as const) {
      const { body } = await fixture.get<Page>(`/v1/dead-letters?${query}`, orgId);
      expect([query, body.items.length]).toEqual([query, count]);
    }
    const all = await fixture.get<Page>("/v1/dead-letters?all_orgs=true&since=2026-11-21T10:30:00Z", orgId);
    expect(all.body.items).toMatchObject([{ orgId: other }]);
  });
});

describe("GET /v1/dead-letters/{receipt}", () => {
  it("shows the body, its beginning unless all of it is asked for", async () => {
    const orgId = randomUUID();
    const receipt = uuidv7();
    const body = JSON.stringify({ text: "x".repeat(20_000) });
    const data = {
      v: 1,
      receipt,
      orgId,
      requestId: "r",
      acceptedAt: "2026-11-21T08:00:00Z",
      encoding: "identity",
      body,
    };
    const written = await writeDeadJob({ jobId: `${orgId}_${receipt}`, name: "ingest-turn", data }, () =>
      Promise.resolve(undefined),
    );
    await fixture.deadLetters.put(deadLetter({ orgId, receipt, ...written }));
    const path = `/v1/dead-letters/${receipt}`;
    const facts = { receipt, state: "dead", bodyChars: body.length, isReadable: true };
    const cut = { ...facts, body: body.slice(0, 10_000), isTruncated: true };
    expect((await fixture.get(path, orgId)).body).toMatchObject(cut);
    const full = { ...facts, body, isTruncated: false };
    expect((await fixture.get(`${path}?full=true`, orgId)).body).toMatchObject(full);
  });

  it("shows what lay in the queue when nobody can read it", async () => {
    const orgId = randomUUID();
    const job = new TextEncoder().encode('{"name":"ingest-turn","data":{"v":99}}');
    const unread = deadLetter({ orgId, code: "unreadable_job", job });
    const garbage = deadLetter({ orgId, code: "unreadable_job", job: new TextEncoder().encode("garbage") });
    await fixture.deadLetters.put(unread);
    await fixture.deadLetters.put(garbage);
    expect((await fixture.get(`/v1/dead-letters/${unread.receipt}`, orgId)).body).toMatchObject({
      body: '{"v":99}',
      isReadable: false,
    });
    expect((await fixture.get(`/v1/dead-letters/${garbage.receipt}`, orgId)).body).toMatchObject({
      body: "garbage",
      isReadable: false,
    });
  });
});

describe("POST /v1/dead-letters/replay", () => {
  it("says first what it would do, then does it, and leaves alone what it did before", async () => {
    const orgId = randomUUID();
    const letters = await put(3, { orgId });
    await put(1, { orgId, code: "broken_chain" });
    const [settled] = await put(1, { orgId });
    await fixture.store.ingestTurns([prepare(turnBody({ org: orgId }), settled?.receipt ?? "")]);

    const plan = await act("replay", orgId, { code: "store_rejected", dryRun: true });
    expect(plan).toMatchObject({
      dryRun: true,
      matched: 3,
      skipped: { ...skipped, resolved: 1 },
      byCode: [{ code: "store_rejected", count: 3 }],
      byOrg: [{ orgId, count: 3 }],
    });
    expect(plan["items"]).toHaveLength(3);
    expect(letters.some(({ receipt }) => queued.has(receipt))).toBe(false);

    const criteria = { code: "store_rejected", ratePerSecond: 1_000 };
    expect(await act("replay", orgId, criteria, "ada")).toEqual({
      dryRun: false,
      done: 3,
      skipped: { ...skipped, resolved: 1 },
      stopped: null,
      nextCursor: null,
    });
    expect(letters.every(({ receipt }) => queued.has(receipt))).toBe(true);
    expect(await receiptOf(orgId, letters[0]?.receipt ?? "")).toMatchObject({
      state: "dead",
      replaying: true,
    });
    expect(await act("replay", orgId, criteria)).toMatchObject({
      done: 0,
      skipped: { ...skipped, replaying: 3, resolved: 1 },
    });

    const { items } = (await fixture.get<{ items: { actor: string; action: string }[] }>("/v1/audit", orgId))
      .body;
    expect(items.map(({ actor, action }) => [actor, action])).toEqual([
      ["unknown", "dead_letters.replay"],
      ["unknown", "dead_letters.replay_begun"],
      ["ada", "dead_letters.replay"],
      ["ada", "dead_letters.replay_begun"],
    ]);
    expect(items[2]).toMatchObject({ orgId, details: { filter: { code: "store_rejected" }, replayed: 3 } });
    expect(items[3]).toMatchObject({ details: { matched: 3, ratePerSecond: 1_000 } });
  });

  it("goes through any number of letters part by part, each once, also when they fail again at once", async () => {
    const orgId = randomUUID();
    const letters = await put(7, { orgId });
    let done = 0;
    let parts = 0;
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const part = await act("replay", orgId, {
        all: true,
        limit: 3,
        ratePerSecond: 1_000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      done += part.done;
      parts += 1;
      cursor = part.nextCursor;
      // Whatever was put back is dead again before the next part.
      for (const letter of letters.filter(({ receipt }) => queued.delete(receipt)))
        await fixture.deadLetters.put(letter);
    }
    expect([done, parts]).toEqual([7, 3]);
  });

  it("of named receipts tells which have no letter", async () => {
    const orgId = randomUUID();
    const [letter] = await put(1, { orgId });
    const receipts = [letter?.receipt, randomUUID(), randomUUID()];
    expect(await act("replay", orgId, { receipts })).toMatchObject({
      done: 1,
      skipped: { ...skipped, unknown: 2 },
    });
  });
});

describe("POST /v1/dead-letters/discard", () => {
  it("drops the body, keeps the letter, and tells so", async () => {
    const orgId = randomUUID();
    const [letter] = await put(2, { orgId });
    const criteria = { receipts: [letter?.receipt] };
    expect(await act("discard", orgId, { ...criteria, dryRun: true })).toMatchObject({ matched: 1 });
    expect(await act("discard", orgId, criteria, "ada")).toMatchObject({ done: 1, nextCursor: null });
    const path = `/v1/dead-letters/${letter?.receipt}`;
    expect((await fixture.get(path, orgId)).body).toMatchObject({ state: "discarded", body: null });
    expect(await receiptOf(orgId, letter?.receipt ?? "")).toMatchObject({ state: "dead", discarded: true });
    expect(await act("discard", orgId, criteria)).toMatchObject({
      done: 0,
      skipped: { ...skipped, discarded: 1 },
    });
    expect(await act("replay", orgId, { all: true })).toMatchObject({ done: 1, skipped: { discarded: 1 } });
    expect((await fixture.get<Page>("/v1/audit?limit=1", orgId)).body.items).toMatchObject([
      { action: "dead_letters.replay" },
    ]);
  });
});
