/** One contract, two stores. */
import { randomUUID } from "node:crypto";
import type { EventStore, NewEvent, StoredEvent } from "@turnpike/domain/events/event-store";
import { createMemoryEventStore } from "@turnpike/store/memory/memory-event-store";
import { describe, expect, it } from "vitest";
import { useEventStore } from "../support/event-store-fixture.ts";
import { letters } from "../support/letters.ts";

const stores: readonly { readonly name: string; readonly use: () => () => EventStore }[] = [
  { name: "memory", use: () => createMemoryEventStore },
  { name: "postgres", use: useEventStore },
];

const event = (eventType: string, more: Partial<NewEvent> = {}): NewEvent => ({ eventType, ...more });
const sequences = (events: readonly StoredEvent[]): number[] => events.map((one) => one.sequence);
const upTo = (count: number): number[] => Array.from({ length: count }, (_unused, index) => index + 1);

describe.each(stores)("the event store in $name", ({ use }) => {
  const open = use();

  /** A store with a new, empty session. */
  async function withSession(): Promise<{ store: EventStore; org: string; session: string }> {
    const store = open();
    const org = randomUUID();
    const { sessionId } = await store.flush({ orgId: org, session: facts(randomUUID()), events: [] });
    return { store, org, session: sessionId };
  }

  const facts = (harnessSessionId: string) => ({
    harnessId: "claude",
    harnessSessionId,
    parent: undefined,
    authSubject: "",
    harnessVersion: undefined,
    cwd: undefined,
    name: undefined,
    metadata: {},
  });

  it("numbers an appended event from 1, and gives it an id and a time", async () => {
    const { store, org, session } = await withSession();
    expect(await store.latestSequence(org, session)).toBe(0);
    const [stored] = await store.append(org, session, [
      event("run_started", {
        runId: "r",
        message: "m",
        metadata: { a: [1] },
        occurredAt: "2026-01-01T00:00:00Z",
      }),
    ]);
    expect(stored).toMatchObject({
      sequence: 1,
      eventType: "run_started",
      runId: "r",
      message: "m",
      metadata: { a: [1] },
      occurredAt: "2026-01-01T00:00:00.000000Z",
      nodeHash: null,
      turnId: null,
    });
    expect(stored?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(stored?.createdAt).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
    expect(await store.get(org, session, { limit: 10 })).toEqual([stored]);
    expect(await store.latestSequence(org, session)).toBe(1);
  });

  it("gives a batch contiguous numbers in its order, and strictly increasing times", async () => {
    const { store, org, session } = await withSession();
    await store.append(org, session, [event("a")]);
    const stored = await store.append(
      org,
      session,
      upTo(50).map((index) => event("b", { message: String(index) })),
    );
    expect(sequences(stored)).toEqual(upTo(51).slice(1));
    expect(stored.map((one) => one.message)).toEqual(upTo(50).map(String));
    const times = (await store.get(org, session, { limit: 100 })).map((one) => one.createdAt);
    expect(times).toEqual([...new Set(times)].sort());
  });

  it("50 parallel appends give exactly 1 to 50", async () => {
    const { store, org, session } = await withSession();
    const stored = await Promise.all(
      upTo(50).map((index) => store.append(org, session, [event("a", { message: String(index) })])),
    );
    expect(sequences(stored.flat()).sort((left, right) => left - right)).toEqual(upTo(50));
    expect(sequences(await store.get(org, session, { limit: 100 }))).toEqual(upTo(50));
  });

  it("10 workers with batches of 5 give exactly 1 to 50, each batch contiguous", async () => {
    const { store, org, session } = await withSession();
    const batches = await Promise.all(
      upTo(10).map(() =>
        store.append(
          org,
          session,
          upTo(5).map(() => event("a")),
        ),
      ),
    );
    for (const batch of batches) {
      const first = batch[0]?.sequence ?? 0;
      expect(sequences(batch)).toEqual(upTo(5).map((index) => first + index - 1));
    }
    expect(sequences(await store.get(org, session, { limit: 100 }))).toEqual(upTo(50));
  });

  it("an id that is there already gives the stored event and takes no number", async () => {
    const { store, org, session } = await withSession();
    const [first] = await store.append(org, session, [event("a", { id: "mine", metadata: { x: 1, y: 2 } })]);
    const again = await store.append(org, session, [
      event("b"),
      event("a", { id: "mine", metadata: { y: 2, x: 1 } }),
      event("c"),
    ]);
    expect(again[1]).toEqual(first);
    expect(sequences(again)).toEqual([2, 1, 3]);
  });

  it("an id that comes twice in one batch is stored once", async () => {
    const { store, org, session } = await withSession();
    const stored = await store.append(org, session, [
      event("a", { id: "mine" }),
      event("b"),
      event("a", { id: "mine" }),
    ]);
    expect(sequences(stored)).toEqual([1, 2, 1]);
    expect(await store.latestSequence(org, session)).toBe(2);
  });

  it("the same id in a race is stored once, and everybody gets that one", async () => {
    const { store, org, session } = await withSession();
    const stored = await Promise.all(
      upTo(20).map(() => store.append(org, session, [event("a", { id: "mine" })])),
    );
    expect(new Set(stored.flat().map((one) => JSON.stringify(one))).size).toBe(1);
    expect(await store.latestSequence(org, session)).toBe(1);
  });

  it("the same id in two sessions is two events", async () => {
    const { store, org, session } = await withSession();
    const other = await store.flush({
      orgId: org,
      session: facts("other"),
      events: [event("a", { id: "mine" })],
    });
    await store.append(org, session, [event("b", { id: "mine" })]);
    expect(other.sessionId).not.toBe(session);
    expect(await store.get(org, session, { limit: 10 })).toMatchObject([{ eventType: "b", sequence: 1 }]);
  });

  it.each<[string, Partial<NewEvent>]>([
    ["type", { eventType: "other" }],
    ["message", { message: "other" }],
    ["run", { runId: "other" }],
    ["metadata", { metadata: { other: 1 } }],
    ["time", { occurredAt: "2026-01-02T00:00:00Z" }],
  ])(
    "the same id with another %s is a conflict, and nothing of the batch is appended",
    async (_name, other) => {
      const { store, org, session } = await withSession();
      const mine = event("a", { id: "mine", message: "m", runId: "r", occurredAt: "2026-01-01T00:00:00Z" });
      await store.append(org, session, [mine]);
      await expect(store.append(org, session, [event("b"), { ...mine, ...other }])).rejects.toMatchObject({
        code: "event_conflict",
        message: expect.stringContaining("events[1].id"),
      });
      expect(await store.latestSequence(org, session)).toBe(1);
    },
  );

  it("an unknown session, and another org's, is empty to readers and not found to writers", async () => {
    const { store, org, session } = await withSession();
    await store.append(org, session, [event("a")]);
    for (const [ofOrg, ofSession] of [
      [org, randomUUID()],
      [randomUUID(), session],
    ] as const) {
      expect(await store.get(ofOrg, ofSession, { limit: 10 })).toEqual([]);
      expect(await store.latestSequence(ofOrg, ofSession)).toBe(0);
      expect(await store.wait(ofOrg, ofSession, { limit: 10 }, { timeoutMs: 5_000 })).toEqual([]);
      await expect(store.append(ofOrg, ofSession, [event("a")])).rejects.toMatchObject({ code: "not_found" });
    }
  });

  it("get: every filter and every pair of filters, in both orders", async () => {
    const { store, org, session } = await withSession();
    const stored = await store.append(
      org,
      session,
      upTo(20).map((index) =>
        event(index % 2 === 0 ? "even" : "odd", index % 3 === 0 ? { runId: "third" } : {}),
      ),
    );
    const since = stored[6]?.createdAt as string;
    const filters = [
      [{ after: 4 }, (one: StoredEvent) => one.sequence > 4],
      [{ before: 15 }, (one: StoredEvent) => one.sequence < 15],
      [{ eventTypes: ["even"] }, (one: StoredEvent) => one.eventType === "even"],
      [{ eventTypes: ["even", "odd", "none"] }, () => true],
      [{ eventTypes: ["none"] }, () => false],
      [{ runId: "third" }, (one: StoredEvent) => one.runId === "third"],
      [{ since }, (one: StoredEvent) => one.createdAt > since],
    ] as const;
    for (const [left, matchesLeft] of filters) {
      for (const [right, matchesRight] of filters) {
        const filter = { ...left, ...right };
        // Of two filters of one name the second is asked for.
        const isSame = Object.keys(left)[0] === Object.keys(right)[0];
        const expected = stored.filter((one) => (isSame || matchesLeft(one)) && matchesRight(one));
        expect(await store.get(org, session, { ...filter, limit: 100 })).toEqual(expected);
        expect(await store.get(org, session, { ...filter, limit: 100, order: "desc" })).toEqual(
          expected.toReversed(),
        );
      }
    }
  });

  it("get: a page below a cursor is the nearest one, in either order", async () => {
    const { store, org, session } = await withSession();
    await store.append(
      org,
      session,
      upTo(20).map(() => event("a")),
    );
    const page = async (query: object) => sequences(await store.get(org, session, { limit: 3, ...query }));
    expect(await page({ before: 11 })).toEqual([8, 9, 10]);
    expect(await page({ before: 11, order: "desc" })).toEqual([10, 9, 8]);
    expect(await page({ before: 11, after: 0 })).toEqual([1, 2, 3]);
    expect(await page({ before: 3 })).toEqual([1, 2]);
    expect(await page({ before: 1 })).toEqual([]);
    expect(await page({ before: 0 })).toEqual([]);
    expect(await page({ before: 1_000 })).toEqual([18, 19, 20]);
    expect(await page({ order: "desc" })).toEqual([20, 19, 18]);
    expect(await page({ after: 20 })).toEqual([]);
  });

  it("wait: gives at once what is there, holds for what matches, and ends empty when the time is up", async () => {
    const { store, org, session } = await withSession();
    await store.append(org, session, [event("a")]);
    expect(sequences(await store.wait(org, session, { after: 0, limit: 10 }, { timeoutMs: 60_000 }))).toEqual(
      [1],
    );
    const waiting = store.wait(
      org,
      session,
      { after: 1, limit: 10, eventTypes: ["wanted"] },
      { timeoutMs: 60_000 },
    );
    await store.append(org, session, [event("unwanted")]);
    await store.append(org, session, [event("wanted"), event("unwanted")]);
    expect(sequences(await waiting)).toEqual([3]);
    expect(await store.wait(org, session, { after: 4, limit: 10 }, { timeoutMs: 50 })).toEqual([]);
    const cancel = new AbortController();
    const cancelled = store.wait(
      org,
      session,
      { after: 4, limit: 10 },
      { timeoutMs: 60_000, signal: cancel.signal },
    );
    cancel.abort();
    expect(await cancelled).toEqual([]);
  });

  it("wait: an upper bound that is passed is not waited for", async () => {
    const { store, org, session } = await withSession();
    await store.append(org, session, [event("a"), event("a")]);
    const query = { after: 1, before: 2, limit: 10 };
    expect(await store.wait(org, session, query, { timeoutMs: 60_000 })).toEqual([]);
  });

  it("stream: gives what was there and what comes, in order, once each, until its upper bound", async () => {
    const { store, org, session } = await withSession();
    await store.append(
      org,
      session,
      upTo(10).map(() => event("a")),
    );
    const seen: number[] = [];
    const reading = (async () => {
      const events = store.stream(org, session, { after: 3, before: 31 }, new AbortController().signal);
      for await (const one of events) seen.push(one.sequence);
    })();
    for (const _round of upTo(10))
      await store.append(
        org,
        session,
        upTo(3).map(() => event("b")),
      );
    await reading;
    expect(seen).toEqual(upTo(30).slice(3));
  });

  it("stream: ends when it is aborted, also while it waits", async () => {
    const { store, org, session } = await withSession();
    const abort = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const one of store.stream(org, session, {}, abort.signal)) {
        seen.push(one.sequence);
        setImmediate(() => abort.abort());
      }
    })();
    await store.append(org, session, [event("a")]);
    await reading;
    expect(seen).toEqual([1]);
  });

  it("flush: session, run and events come together, and again changes nothing", async () => {
    const store = open();
    const org = randomUUID();
    const flush = {
      orgId: org,
      session: { ...facts("flushed"), name: "named" },
      run: { id: "run-1", metadata: { by: "test" } },
      events: [
        event("run_started", { id: "e1", runId: "run-1" }),
        event("run_completed", { id: "e2", runId: "run-1" }),
      ],
    };
    const first = await store.flush(flush);
    expect(sequences(first.events)).toEqual([1, 2]);
    expect(await store.flush(flush)).toEqual(first);
    expect(await store.latestSequence(org, first.sessionId)).toBe(2);
  });

  it("flush: a conflict leaves nothing behind, neither events nor a new session", async () => {
    const store = open();
    const org = randomUUID();
    const { sessionId } = await store.flush({
      orgId: org,
      session: facts("there"),
      events: [event("a", { id: "e" })],
    });
    await expect(
      store.flush({ orgId: org, session: facts("there"), events: [event("new"), event("b", { id: "e" })] }),
    ).rejects.toMatchObject({ code: "event_conflict" });
    expect(await store.latestSequence(org, sessionId)).toBe(1);
    await expect(
      store.flush({
        orgId: org,
        session: facts("not-there"),
        events: [event("a", { id: "e" }), event("b", { id: "e" })],
      }),
    ).rejects.toMatchObject({ code: "event_conflict" });
    const made = await store.flush({ orgId: org, session: facts("not-there"), events: [event("a")] });
    expect(sequences(made.events)).toEqual([1]);
  });

  it("get: ends a page early when its events are large together, and every event comes once, in both directions", async () => {
    const { store, org, session } = await withSession();
    const large = upTo(10).map((index) => event("large", { metadata: { text: letters(1_000_000, index) } }));
    await store.append(org, session, large);
    for (const order of ["asc", "desc"] as const) {
      const seen: StoredEvent[] = [];
      while (seen.length < 10) {
        const last = seen.at(-1)?.sequence;
        const from = order === "asc" ? { after: last } : { before: last };
        const page = await store.get(org, session, { ...from, limit: 10, order });
        expect(page.length).toBe(Math.min(4, 10 - seen.length));
        seen.push(...page);
      }
      const inOrder = order === "asc" ? seen : seen.toReversed();
      expect(sequences(inOrder)).toEqual(upTo(10));
      expect(inOrder.map((one) => one.metadata)).toEqual(large.map((one) => one.metadata));
      expect(seen.some((one) => one.truncated !== undefined)).toBe(false);
    }
    const nearest = await store.get(org, session, { before: 9, limit: 10 });
    expect(sequences(nearest)).toEqual([5, 6, 7, 8]);
    const streamed: number[] = [];
    const following = store.stream(org, session, { before: 11 }, new AbortController().signal);
    for await (const one of following) streamed.push(one.sequence);
    expect(streamed).toEqual(upTo(10));
  });

  it("get: shows an event that is larger than a page without what makes it so", async () => {
    const { store, org, session } = await withSession();
    const [text, short] = [letters(5_000_000, 1), letters(1_000_000, 2)];
    await store.append(org, session, [
      event("a", { metadata: { text }, message: short }),
      event("b", { metadata: { text: short }, message: text }),
      event("c", { metadata: { text }, message: text }),
      event("d", { metadata: { text: short } }),
    ]);
    const page = await store.get(org, session, { limit: 10 });
    const shown = page.map(({ eventType, metadata, message, truncated }) => {
      return [eventType, metadata["text"] === short, message === short, Object.keys(truncated ?? {})];
    });
    expect(shown).toEqual([
      ["a", false, true, ["metadata"]],
      ["b", true, false, ["message"]],
      ["c", false, false, ["metadata", "message"]],
      ["d", true, false, []],
    ]);
    expect(page.map(({ metadata }) => Object.keys(metadata))).toEqual([[], ["text"], [], ["text"]]);
  });
});
