/** Many sessions at once, and all that harnesses do: histories, tools, retries, disorder, batches, lifecycle events, large turns. */
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../rig/random.ts";
import type { Client } from "./client.ts";
import type { Expectations, ExpectedPost, PostedEvent } from "./expectations.ts";
import { createTalk } from "./talk.ts";
import { writeText } from "./texts.ts";

/** A running load. */
export interface Load {
  /** End after the turns that are being posted; resolved when every post has its answer. */
  stop(): Promise<void>;
}

/** What to send. */
export interface LoadOptions {
  readonly random: Random;
  readonly client: Client;
  readonly expectations: Expectations;
  /** Sessions at a time. */
  readonly sessions?: number;
  /** Between two large turns, in milliseconds; none without. */
  readonly largeEveryMs?: number;
}

const DEFAULT_SESSIONS = 4;
const MAX_PAUSE_MS = 120;
const LARGE_MIB = [5, 8, 12, 20, 30] as const;
const MIB = 1024 * 1024;

/** Start sending. */
export function startLoad(options: LoadOptions): Load {
  const { random, client, expectations } = options;
  const { orgIds } = expectations;
  const stopping = new AbortController();
  let nextSession = 0;
  let nextLargeAt = options.largeEveryMs === undefined ? Infinity : Date.now() + options.largeEveryMs;

  const takeLargeSize = (): number | undefined => {
    if (Date.now() < nextLargeAt) return undefined;
    nextLargeAt = Date.now() + (options.largeEveryMs ?? 0);
    return random.pick(LARGE_MIB) * MIB;
  };
  const postTurn = async (body: string): Promise<void> => {
    const expected = expectations.expectTurn(body);
    const answer = await client.post<{ receipt: string }>("/v1/ingest", body, () => {
      expected.unanswered += 1;
    });
    if (answer !== undefined) expected.receipts.push(answer.receipt);
  };
  const postBatch = async (bodies: readonly string[]): Promise<void> => {
    const expected = bodies.map((body) => expectations.expectTurn(body));
    const batch = `{"turns":[${bodies.join(",")}]}`;
    const answer = await client.post<{ receipts: string[] }>("/v1/ingest/batch", batch, () =>
      expected.forEach((turn) => {
        turn.unanswered += 1;
      }),
    );
    answer?.receipts.forEach((receipt, index) => expected[index]?.receipts.push(receipt));
  };
  const postEvents = async (expected: ExpectedPost): Promise<void> => {
    const { orgId, harnessSessionId, events } = expected;
    const session = { org_id: orgId, harness_id: "claude", harness_session_id: harnessSessionId };
    const answer = await client.post<{ receipt: string }>(
      "/v1/ingest/events",
      JSON.stringify({ session, events }),
      () => {
        expected.unanswered += 1;
      },
    );
    if (answer !== undefined) expected.receipts.push(answer.receipt);
  };
  const makeEvent = (id: string): PostedEvent => ({
    id,
    type: random.pick(["run_started", "run_finished", "session_paused", "user_prompt"]),
    run_id: `run-${random.between(1, 3)}`,
    message: writeText(random, 40),
    metadata: { trigger: "user", text: writeText(random, 30), n: random.between(0, 1_000) },
  });
  const postLifecycle = (orgId: string, harnessSessionId: string, place: string): Promise<unknown> => {
    const about = { orgId, harnessSessionId };
    const ids = Array.from({ length: random.between(1, 3) }, (_unused, index) => `${place}-${index}`);
    const events = ids.map(makeEvent);
    if (!random.chance(0.15)) {
      return postEvents(expectations.expectPost({ ...about, events, rival: { post: undefined } }));
    }
    const other = { ...makeEvent(`${place}-0`), message: `another body ${writeText(random, 20)}` };
    const rival: { post: ExpectedPost | undefined } = { post: undefined };
    const first = expectations.expectPost({ ...about, events, rival });
    const second = expectations.expectPost({ ...about, events: [other], rival: { post: first } });
    rival.post = second;
    return Promise.all([postEvents(first), postEvents(second)]);
  };

  const talk = async (): Promise<void> => {
    nextSession += 1;
    const session = `session-${nextSession}`;
    const orgId = random.pick(orgIds);
    const parent =
      nextSession > 3 && random.chance(0.2) ? `session-${random.between(1, nextSession - 1)}` : undefined;
    const own = createTalk(random.branch(session), { orgId, session, parent });
    const turns = random.between(3, 14);
    for (let turn = 1; turn <= turns && !stopping.signal.aborted; turn += 1) {
      const body = own.next(takeLargeSize());
      const way = random.next();
      if (body.length > MIB || way < 0.6) await postTurn(body);
      else if (way < 0.7) await Promise.all([postTurn(body), postTurn(body)]);
      else if (way < 0.85) {
        // The later one first.
        const later = own.next();
        await postTurn(later);
        await postTurn(body);
      } else await postBatch([body, own.next(), own.next()]);
      if (random.chance(0.2)) await postLifecycle(orgId, session, `${session}-${turn}`);
      await delay(random.between(0, MAX_PAUSE_MS), undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const lanes = Array.from({ length: options.sessions ?? DEFAULT_SESSIONS }, async () => {
    while (!stopping.signal.aborted) await talk();
  });
  return {
    async stop() {
      stopping.abort();
      await Promise.all(lanes);
    },
  };
}
