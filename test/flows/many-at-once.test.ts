import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { allBackends } from "../support/backends.ts";
import { readSnapshot } from "../support/snapshot.ts";
import { runPool, settleAll, useStack } from "../support/stack.ts";
import { turnBody } from "../support/turn-body.ts";

const TURNS = 1_000;
const CONCURRENCY = 50;

describe.each(allBackends())("a thousand turns of one session at once on $name", (backend) => {
  const stack = useStack(backend);

  it("numbers are exactly 1 to n, times strictly increase, counters equal the sums", async () => {
    const org = randomUUID();
    const numbers = Array.from({ length: TURNS }, (_unused, index) => index + 1);
    await runPool(numbers, CONCURRENCY, (number) =>
      stack.post(turnBody({ org, answer: `answer ${number}`, inputTokens: number, outputTokens: 1 })),
    );
    await settleAll(stack, org, TURNS);
    // Each turn: a message received, one sent, the turn completed; and the session's creation.
    const events = TURNS * 3 + 1;
    const { sessions } = await readSnapshot(stack.sql, org);
    expect(sessions).toMatchObject([
      {
        turn_count: String(TURNS),
        total_input_tokens: String((TURNS * (TURNS + 1)) / 2),
        total_output_tokens: String(TURNS),
        latest_sequence: String(events),
      },
    ]);

    const sessionId = (await stack.read<{ items: { id: string }[] }>(`/v1/sessions?org_id=${org}`)).items[0]
      ?.id;
    const read: { sequence: number; createdAt: string }[] = [];
    for (let after = 0, hasMore = true; hasMore;) {
      const page = await stack.read<{ events: typeof read; nextAfter: number; hasMore: boolean }>(
        `/v1/sessions/${sessionId}/timeline?org_id=${org}&limit=1000&after=${after}`,
      );
      read.push(...page.events);
      ({ nextAfter: after, hasMore } = page);
    }
    expect(read.map((event) => event.sequence)).toEqual(
      Array.from({ length: events }, (_unused, index) => index + 1),
    );
    const times = read.map((event) => event.createdAt);
    expect(times).toEqual([...new Set(times)].sort());
  });
});
