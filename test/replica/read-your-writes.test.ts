/** The replica shows nothing new, and is still asked: nobody gets an answer that is older than what he knows. */
import { randomUUID } from "node:crypto";
import { createPostgresStore, type PostgresStore } from "@turnpike/store/ingest/postgres-store";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { readStreamed } from "../support/read-streamed.ts";
import { turnBody } from "../support/turn-body.ts";
import { some, upTo } from "../timeline/events-fixture.ts";
import { useReplica } from "./replica-fixture.ts";

interface Page {
  readonly events: readonly { readonly sequence: number }[];
  readonly latestSequence: number;
  readonly nextAfter: number;
}

// So far away that a standby that stands still is asked all the time.
const fixture = useReplica(600_000);
const { app, servers } = fixture;
let store: PostgresStore;

beforeAll(() => {
  store = createPostgresStore({ url: servers.primaryUrl, maxConnections: 2 });
});
afterAll(() => store.close());
beforeEach(() => fixture.untilUsed());
afterEach(() => servers.resume());

const sequencesOf = (page: Page): number[] => page.events.map((event) => event.sequence);
const readPage = async (session: string, query: string): Promise<Page> => {
  const { status, body } = await app.get<Page>(`/v1/sessions/${session}/timeline?${query}`);
  expect(status).toBe(200);
  return body;
};
/** A session whose first five events the replica has, and of the next five it shows nothing. */
async function makeHalfShown(): Promise<string> {
  await servers.resume();
  const session = await app.makeSession();
  await app.append(session, some(5), false);
  await servers.catchUp();
  await servers.pause();
  await app.append(session, some(5), false);
  return session;
}

describe("a replica that has everything", () => {
  it("answers every route but that of receipts", async () => {
    const session = await app.makeSession();
    await app.append(session, some(5));
    await servers.catchUp();
    const paths = ["", "/timeline?after=5", "/timeline?order=desc", "/turns", "/tree"].map(
      (path) => `/v1/sessions/${session}${path}`,
    );
    paths.push("/v1/sessions", "/v1/stats", `/api/v2/sessions/${session}/events`);
    const reads = await fixture.countReads(async () => {
      for (const path of paths) expect([path, (await app.get(path)).status]).toEqual([path, 200]);
    });
    // The list of turns asks twice.
    expect(reads).toEqual({ replica: paths.length + 1 });
  });
});

describe("a replica that is behind", () => {
  it("answers who has seen nothing yet, with what it has", async () => {
    const session = await makeHalfShown();
    expect(sequencesOf(await readPage(session, "limit=3"))).toEqual([1, 2, 3]);
    const { events, latestSequence } = await readPage(session, "after=3");
    expect([events.map(({ sequence }) => sequence), latestSequence]).toEqual([[4, 5], 5]);
  });

  it("does not answer who has seen more than it has", async () => {
    const session = await makeHalfShown();
    const reads = await fixture.countReads(async () => {
      const { events, latestSequence, nextAfter } = await readPage(session, "after=7");
      expect([events.map(({ sequence }) => sequence), latestSequence, nextAfter]).toEqual([
        [8, 9, 10],
        10,
        10,
      ]);
    });
    expect(reads).toEqual({ behind: 1 });
  });

  it("does not leave out what lies below a cursor that goes down", async () => {
    const session = await makeHalfShown();
    expect(sequencesOf(await readPage(session, "before=10&limit=3"))).toEqual([7, 8, 9]);
    const other = await makeHalfShown();
    expect(sequencesOf(await readPage(other, "before=10&limit=3&order=desc"))).toEqual([9, 8, 7]);
  });

  it("does not answer who has been told of more, by a wake-up or by an earlier answer", async () => {
    const session = await makeHalfShown();
    await app.append(session, some(1));
    expect(sequencesOf(await readPage(session, ""))).toEqual(upTo(11));
    const other = await makeHalfShown();
    expect((await readPage(other, "after=9")).latestSequence).toBe(10);
    expect((await readPage(other, "after=2&limit=1")).latestSequence).toBe(10);
    const { body } = await app.get<{ latestSequence: number }>(`/v1/sessions/${other}`);
    expect(body.latestSequence).toBe(10);
    const numbered = await app.get<{ latest_sequence: number }>(`/api/v2/sessions/${other}/events`);
    expect(numbered.body.latest_sequence).toBe(10);
  });

  it("answers again once it has what is asked for", async () => {
    const session = await makeHalfShown();
    await servers.resume();
    await servers.catchUp();
    const reads = await fixture.countReads(async () => {
      expect(sequencesOf(await readPage(session, "after=7"))).toEqual([8, 9, 10]);
    });
    expect(reads).toEqual({ replica: 1 });
  });

  it("is waited for when it is about to have it", async () => {
    const session = await makeHalfShown();
    const reads = await fixture.countReads(async () => {
      const reading = readPage(session, "after=7");
      await servers.resume();
      expect(sequencesOf(await reading)).toEqual([8, 9, 10]);
    });
    // Which of the two it is depends on how long the standby takes.
    expect((reads.replica ?? 0) + (reads.behind ?? 0)).toBe(1);
  });

  it("does not know a new session, and nobody is told so", async () => {
    await servers.pause();
    const session = await app.makeSession();
    for (const path of ["", "/timeline", "/turns", "/tree"]) {
      expect([path, (await app.get(`/v1/sessions/${session}${path}`)).status]).toEqual([path, 200]);
    }
    expect((await app.get(`/api/v2/sessions/${session}/events`)).status).toBe(200);
    expect((await app.get(`/api/sessions/${session}/timeline`)).status).toBe(200);
    expect((await app.get(`/v1/sessions/${randomUUID()}/timeline`)).status).toBe(404);
  });

  it("is not asked for turns, nodes and receipts that it does not know", async () => {
    await servers.pause();
    const turn = prepare(turnBody({ org: app.org }));
    const [result] = await store.ingestTurns([turn]);
    const receipt = await app.get<{ state: string }>(`/v1/receipts/${turn.receipt}`);
    expect(receipt.body.state).toBe("stored");
    const { sessionId = "", turnId = "" } = result ?? {};
    const stored = await app.get<{ headHash: string }>(`/v1/sessions/${sessionId}/turns/${turnId}`);
    expect(stored.status).toBe(200);
    expect((await app.get(`/v1/nodes/${stored.body.headHash}`)).status).toBe(200);
    expect((await app.get(`/v1/nodes/${stored.body.headHash}/ancestry`)).status).toBe(200);
  });
});

describe("a reader who waits, on a replica that is behind", () => {
  it("by long poll is answered at once when it is told", async () => {
    const session = await makeHalfShown();
    const waiting = app.get<Page>(`/v1/sessions/${session}/timeline?after=10&wait_timeout_ms=30000`);
    await app.append(session, some(2));
    expect(sequencesOf((await waiting).body)).toEqual([11, 12]);
  });

  it("by long poll is answered when it was never told, once the replica has it", async () => {
    const session = await makeHalfShown();
    const waiting = app.get<Page>(`/v1/sessions/${session}/timeline?after=10&wait_timeout_ms=30000`);
    await app.append(session, some(2), false);
    await servers.resume();
    expect(sequencesOf((await waiting).body)).toEqual([11, 12]);
  });

  it("by stream gets every event once, from before, during and after", async () => {
    const session = await makeHalfShown();
    const url = `${app.url}/v1/sessions/${session}/timeline?org_id=${app.org}&before=21`;
    const reading = readStreamed(url);
    await app.append(session, some(3));
    await app.append(session, some(3), false);
    await servers.resume();
    await app.append(session, some(4));
    expect(await reading).toEqual(upTo(20));
  });
});

// Last: after an edit the org is read from the primary for a while.
describe("an edit, on a replica that is behind", () => {
  it("is seen by who made it, in the session and in lists", async () => {
    const [named, removed] = [await makeHalfShown(), await app.makeSession()];
    const edit = (session: string, init: RequestInit): Promise<Response> =>
      fetch(`${app.url}/v1/sessions/${session}?org_id=${app.org}`, init);
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ displayName: "renamed" });
    const renamed = await edit(named, { method: "PATCH", headers, body });
    expect(await renamed.json()).toMatchObject({ displayTitle: "renamed", latestSequence: 10 });
    expect((await edit(removed, { method: "DELETE" })).status).toBe(204);
    expect((await app.get(`/v1/sessions/${removed}`)).status).toBe(404);
    const list = await app.get<{ items: { id: string; displayTitle: string }[] }>("/v1/sessions?limit=200");
    const titles = new Map(list.body.items.map(({ id, displayTitle }) => [id, displayTitle]));
    expect([titles.get(named), titles.has(removed)]).toEqual(["renamed", false]);
  });
});
