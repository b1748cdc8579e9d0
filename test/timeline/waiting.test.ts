/** Long polls and streams: they hear at once, lose nothing when they hear nothing, and go when their client goes. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { some, upTo, useEvents, WRITE_TIMEOUT_MS } from "./events-fixture.ts";

interface Page {
  readonly events: readonly { readonly sequence: number }[];
  readonly nextAfter: number;
}

const fixture = useEvents();
const sequencesOf = (page: Page): number[] => page.events.map((event) => event.sequence);

/** Read a stream's messages until it ends, or until enough have come. */
async function readStream(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  enough = Number.POSITIVE_INFINITY,
): Promise<{ ids: number[]; texts: string[]; status: number }> {
  const cancel = new AbortController();
  const answer = await fetch(fixture.url + path, {
    headers: { accept: "text/event-stream", "x-turnpike-org-id": fixture.org, ...headers },
    signal: cancel.signal,
  });
  const ids: number[] = [];
  const texts: string[] = [];
  if (answer.body === null) return { ids, texts, status: answer.status };
  let text = "";
  try {
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const messages = text.split("\n\n");
      text = messages.pop() ?? "";
      texts.push(...messages);
      ids.push(...messages.flatMap((message) => /^id: (\d+)$/m.exec(message)?.[1] ?? []).map(Number));
      if (ids.length >= enough) break;
    }
  } finally {
    cancel.abort();
  }
  return { ids, texts, status: answer.status };
}

describe("a long poll", () => {
  it("is answered when a matching event commits, not by others", async () => {
    const session = await fixture.makeSession();
    const waiting = fixture.get<Page>(
      `/v1/sessions/${session}/timeline?after=0&event_type=wanted&wait_timeout_ms=30000`,
    );
    await fixture.append(session, some(3, "unwanted"));
    await fixture.append(session, some(1, "wanted"));
    expect(sequencesOf((await waiting).body)).toEqual([4]);
  });

  it("is answered without any wake-up, at the next re-check", async () => {
    const session = await fixture.makeSession();
    const begunAt = performance.now();
    const waiting = fixture.get<Page>(`/v1/sessions/${session}/timeline?after=0&wait_timeout_ms=30000`);
    // It has looked by then.
    await sleep(500);
    await fixture.append(session, some(2), false);
    expect(sequencesOf((await waiting).body)).toEqual([1, 2]);
    // When its time is up it looks once more, whatever it has heard.
    expect(performance.now() - begunAt).toBeLessThan(20_000);
  });

  it("is answered empty when its time is up, and its cursor goes on", async () => {
    const session = await fixture.makeSession();
    await fixture.append(session, some(2));
    const { status, body } = await fixture.get<Page>(
      `/v1/sessions/${session}/timeline?after=2&wait_timeout_ms=1`,
    );
    expect([status, sequencesOf(body), body.nextAfter]).toEqual([200, [], 2]);
  });

  it("that many hold on one session are all answered by one event", async () => {
    const session = await fixture.makeSession();
    const waiting = upTo(200).map(() =>
      fixture.get<Page>(`/v1/sessions/${session}/timeline?after=0&wait_timeout_ms=30000`),
    );
    await fixture.append(session, some(1));
    for (const { body } of await Promise.all(waiting)) expect(sequencesOf(body)).toEqual([1]);
  });
});

describe("a stream", () => {
  it("gives what is there and what comes, each with its sequence as id, and ends below `before`", async () => {
    const session = await fixture.makeSession();
    await fixture.append(session, some(3));
    const reading = readStream(`/v1/sessions/${session}/timeline?before=10`);
    for (const _round of upTo(4)) await fixture.append(session, some(2));
    const { ids, texts } = await reading;
    expect(ids).toEqual(upTo(9));
    expect(texts[0]).toBe("retry: 1000");
    expect(JSON.parse(texts[1]?.split("data: ")[1] ?? "")).toMatchObject({
      sequence: 1,
      eventType: "tick",
      message: "0",
    });
  });

  it("goes on without any wake-up, at the next re-check", async () => {
    const session = await fixture.makeSession();
    await fixture.append(session, some(1));
    const reading = readStream(`/v1/sessions/${session}/timeline`, {}, 2);
    await sleep(500);
    await fixture.append(session, some(1), false);
    expect((await reading).ids).toEqual([1, 2]);
  });

  it("resumes behind Last-Event-ID, which wins over `after`", async () => {
    const session = await fixture.makeSession();
    await fixture.append(session, some(6));
    const path = `/v1/sessions/${session}/timeline?after=1&before=7`;
    expect((await readStream(path, { "last-event-id": "4" })).ids).toEqual([5, 6]);
    expect((await readStream(path)).ids).toEqual([2, 3, 4, 5, 6]);
    expect((await readStream(path, { "last-event-id": "6" })).status).toBe(204);
    expect((await readStream(path, { "last-event-id": "x" })).status).toBe(400);
  });

  it("keeps to its filter", async () => {
    const session = await fixture.makeSession();
    const reading = readStream(`/v1/sessions/${session}/timeline?event_type=even`, {}, 3);
    for (const index of upTo(7)) await fixture.append(session, some(1, index % 2 === 0 ? "even" : "odd"));
    expect((await reading).ids).toEqual([2, 4, 6]);
  });

  it("to a client that takes nothing is held back, costs no memory, and is cut off; others go on", async () => {
    const session = await fixture.makeSession();
    const large = "x".repeat(50_000);
    // More than sockets and pages hold between them.
    for (const _round of upTo(10)) {
      await fixture.append(
        session,
        upTo(100).map(() => ({ eventType: "tick", message: large })),
      );
    }
    const lazy = request(`${fixture.url}/v1/sessions/${session}/timeline`, {
      headers: { accept: "text/event-stream", "x-turnpike-org-id": fixture.org },
    });
    lazy.on("error", () => {});
    lazy.end();
    const [answer] = (await once(lazy, "response")) as [IncomingMessage];
    answer.pause();
    expect(answer.statusCode).toBe(200);
    const before = process.memoryUsage().rss;
    const { ids } = await readStream(`/v1/sessions/${session}/timeline?before=1001`);
    expect(ids).toEqual(upTo(1_000));
    // The whole timeline is 50 MB; the lazy client's share of it stays in the database.
    expect(process.memoryUsage().rss - before).toBeLessThan(400_000_000);
    await sleep(WRITE_TIMEOUT_MS * 2);
    let takenBytes = 0;
    answer.on("data", (chunk: Buffer) => (takenBytes += chunk.length)).resume();
    // It learns of it once it reads on.
    await expect(once(answer, "end")).rejects.toThrow("aborted");
    expect(takenBytes).toBeLessThan(25_000_000);
  });

  it("of a client that vanished is given up, and so are the queries for it", async () => {
    const session = await fixture.makeSession();
    await fixture.append(session, some(1));
    await Promise.all(upTo(50).map(() => readStream(`/v1/sessions/${session}/timeline`, {}, 1)));
    const stored = await fixture.append(session, some(1));
    expect(stored[0]?.sequence).toBe(2);
    const { body } = await fixture.get<Page>(`/v1/sessions/${session}/timeline?after=1`);
    expect(sequencesOf(body)).toEqual([2]);
  });

  it("and a long poll end when the app stops", async () => {
    const session = await fixture.makeSession();
    let isEnded = false;
    const stream = readStream(`/v1/sessions/${session}/timeline`).then(() => (isEnded = true));
    const poll = fixture.get<Page>(`/v1/sessions/${session}/timeline?after=0&wait_timeout_ms=30000`);
    // Both are in place once the session is watched.
    await waitUntil(async () => (await fixture.get(`/v1/sessions/${session}/timeline`)).status === 200, {
      what: "the app answers",
    });
    fixture.stop();
    expect(sequencesOf((await poll).body)).toEqual([]);
    await stream;
    expect(isEnded).toBe(true);
  });
});
