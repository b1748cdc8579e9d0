/** The replica goes away, hangs, falls behind, was never there, or is none: readers go on, on the primary. */
import { randomUUID } from "node:crypto";
import { createPostgresReader } from "@turnpike/store/read/postgres-reader";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTcpProxy } from "../support/tcp-proxy.ts";
import { waitUntil } from "../support/wait-until.ts";
import { some, upTo } from "../timeline/events-fixture.ts";
import { useReplica } from "./replica-fixture.ts";

interface Page {
  readonly events: readonly { readonly sequence: number }[];
}

const MAX_LAG_MS = 500;
const fixture = useReplica(MAX_LAG_MS);
const { app, servers, said } = fixture;
const left = "the read replica is not used: reads go to the primary";
const back = "the read replica is used (in_use)";
let session = "";

beforeEach(async () => {
  await fixture.untilUsed();
  session = await app.makeSession();
  await app.append(session, some(5));
  said.length = 0;
});

afterEach(async () => {
  await servers.proxy.resume();
});

const noLog = { info: () => {}, warn: () => {}, error: () => {} };
const pathOf = (query = "") => `/v1/sessions/${session}/timeline${query}`;

async function expectServed(): Promise<void> {
  const { status, body } = await app.get<Page>(pathOf());
  expect([status, body.events.map((event) => event.sequence)]).toEqual([200, upTo(5)]);
  expect((await app.get("/v1/sessions")).status).toBe(200);
  expect((await app.get("/readyz")).status).toBe(200);
}

async function readMetric(name: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  const line = text.split("\n").find((line) => line.startsWith(name));
  return Number(line?.split(" ").at(-1));
}

describe("a replica that is killed", () => {
  it("is not missed by anybody, and is used again when it is back; both are said once", async () => {
    expect(await readMetric("turnpike_replica_in_use")).toBe(1);
    const waiting = app.get<Page>(pathOf("?after=5&wait_timeout_ms=30000"));
    await servers.kill();
    for (let round = 0; round < 50; round += 1) await expectServed();
    await fixture.untilUsed(false);
    expect(await readMetric("turnpike_replica_in_use")).toBe(0);
    expect(await readMetric('turnpike_replica_reads_total{outcome="unused"')).toBeGreaterThan(0);
    await app.append(session, some(1));
    expect((await waiting).body.events.map((event) => event.sequence)).toEqual([6]);
    await servers.restart();
    await fixture.untilUsed();
    expect(said).toEqual([`${left} (away)`, back]);
    const reads = await fixture.countReads(async () => {
      expect((await app.get(pathOf("?after=6"))).status).toBe(200);
    });
    expect(reads).toEqual({ replica: 1 });
  });
});

describe("a replica that hangs", () => {
  it("is given up within seconds, with what it was asked, and used again when it answers", async () => {
    servers.proxy.hang();
    await expectServed();
    await fixture.untilUsed(false);
    await expectServed();
    await servers.proxy.resume();
    await fixture.untilUsed();
    expect(said).toEqual([`${left} (away)`, back]);
  });

  it("does so under many readers at once, and no connection is left over", async () => {
    servers.proxy.hang();
    const answers = await Promise.all(upTo(50).map(() => app.get<Page>(pathOf())));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await fixture.untilUsed(false);
    await servers.proxy.resume();
    await fixture.untilUsed();
    await Promise.all(upTo(50).map(() => app.get<Page>(pathOf())));
    // The pool of the fixture, and the probe.
    expect(servers.proxy.connections()).toBeLessThanOrEqual(4 + 1);
  });
});

describe("a replica whose connections are cut", () => {
  it("costs nobody an answer", async () => {
    for (let round = 0; round < 5; round += 1) {
      await fixture.untilUsed();
      servers.proxy.cut();
      await expectServed();
    }
  });
});

describe("a replica that is too far behind", () => {
  afterEach(() => servers.resume());

  it("is not asked, also by lists, until it has caught up", async () => {
    await servers.pause();
    const other = await app.makeSession();
    await fixture.untilUsed(false);
    expect(await readMetric("turnpike_replica_lag_seconds")).toBeGreaterThan(MAX_LAG_MS / 1_000);
    const { body } = await app.get<{ items: { id: string }[] }>("/v1/sessions?limit=200");
    expect(body.items.map(({ id }) => id)).toContain(other);
    await expectServed();
    await servers.resume();
    await fixture.untilUsed();
    expect(said).toEqual([`${left} (lagging)`, back]);
  });

  it("is not one that stands beside an idle primary", async () => {
    const checks = said.length;
    await servers.catchUp();
    await waitUntil(() => (app.reader.replicaState()?.lagMs ?? 1) === 0, {
      what: "the replica has everything",
    });
    expect(said.length).toBe(checks);
  });
});

describe("a replica that is not there when the app starts", () => {
  it("is not waited for, and used when it comes", async () => {
    await servers.proxy.stop();
    const reader = createPostgresReader({
      url: servers.primaryUrl,
      maxConnections: 2,
      replica: { url: servers.standbyUrl, maxLagMs: MAX_LAG_MS, log: noLog },
    });
    try {
      expect((await reader.readEvents(app.org, session, { limit: 9 }))?.latestSequence).toBe(5);
      expect(reader.replicaState()?.outcomes).toMatchObject({ replica: 0, unused: 1 });
      await servers.proxy.resume();
      await waitUntil(() => reader.replicaState()?.isUsed, { what: "the replica is used" });
      expect((await reader.readEvents(app.org, session, { limit: 9 }))?.latestSequence).toBe(5);
      expect(reader.replicaState()?.outcomes.replica).toBe(1);
    } finally {
      await reader.close();
    }
  });

  it("and one that never comes keeps nobody from stopping", async () => {
    servers.proxy.hang();
    const reader = createPostgresReader({
      url: servers.primaryUrl,
      maxConnections: 2,
      replica: { url: servers.standbyUrl, maxLagMs: MAX_LAG_MS, log: noLog },
    });
    expect((await reader.readEvents(app.org, session, { limit: 9 }))?.latestSequence).toBe(5);
    await reader.close();
    expect(reader.replicaState()?.isUsed).toBe(false);
  });
});

describe("a primary that is away", () => {
  it("is not missed for what the replica knows; what it does not know is not called unknown", async () => {
    await servers.catchUp();
    const proxy = await createTcpProxy(servers.primaryUrl);
    const reader = createPostgresReader({
      url: proxy.url,
      maxConnections: 2,
      replica: { url: servers.standbyUrl, maxLagMs: MAX_LAG_MS, log: noLog },
    });
    try {
      await waitUntil(() => reader.replicaState()?.isUsed, { what: "the replica is used" });
      await proxy.stop();
      expect((await reader.readEvents(app.org, session, { limit: 9 }))?.latestSequence).toBe(5);
      expect(
        (await reader.listSessions(app.org, { sort: "last_seen_at", order: "desc", limit: 1 })).items.length,
      ).toBe(1);
      const asked = [
        reader.readEvents(app.org, randomUUID(), { limit: 9 }),
        reader.getSession(app.org, randomUUID()),
        reader.readEvents(app.org, session, { after: 6, limit: 9 }),
      ];
      await Promise.all(
        asked.map((answer) => expect(answer).rejects.toMatchObject({ code: "store_unavailable" })),
      );
    } finally {
      await reader.close();
      await proxy.close();
    }
  });
});

// Last: it ends the standby.
describe("a replica that was made a primary", () => {
  it("is not asked any more: it goes its own way", async () => {
    await servers.promote();
    await fixture.untilUsed(false);
    await expectServed();
    expect(said[0]).toBe(`${left} (no_replica)`);
    await app.append(session, some(1));
    const { body } = await app.get<Page>(pathOf("?after=5"));
    expect(body.events.map((event) => event.sequence)).toEqual([6]);
  });
});
