/** The same turns in any order, shuffled, repeated and at once, through HTTP, queue and worker, on every backend. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { shuffle } from "../../apps/turnpike/src/shuffle.ts";
import { allBackends } from "../support/backends.ts";
import { type OrgSnapshot, readSnapshot } from "../support/snapshot.ts";
import { runPool, settleAll, type Stack, useStack } from "../support/stack.ts";
import { conversation } from "../support/turn-body.ts";

const SEEDS = 20;
const CONCURRENCY = 16;

interface Conversation {
  readonly name: string;
  /** The bodies, all of one session, none with an org. */
  readonly bodies: readonly string[];
  readonly turns: number;
  readonly nodes: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

// Real turns, where somebody keeps some beside the project.
const recording = fileURLToPath(new URL("../../../shared/recordings/claude-session.jsonl", import.meta.url));

const conversations: readonly Conversation[] = [
  {
    name: "a made-up conversation with a fork",
    bodies: conversation({ turns: 14, forkAt: 6 }),
    turns: 15,
    nodes: 14 * 2 + 2,
    inputTokens: 14 * 100 + (14 * 15) / 2 + 50,
    outputTokens: (14 * 15) / 2 + 10,
  },
  ...(existsSync(recording)
    ? [
        {
          name: "a recorded session",
          bodies: readFileSync(recording, "utf8").trim().split("\n"),
          turns: 17,
          nodes: 34,
          inputTokens: 565_318,
          outputTokens: 3_827,
        },
      ]
    : []),
];

describe.each(allBackends())("any order on $name", (backend) => {
  const stack = useStack(backend);

  it.each(conversations)("$name ends in the same rows", async (wanted) => {
    const inOrder = await postAll(stack, wanted.bodies, 1);
    expect(inOrder.sessions).toHaveLength(1);
    expect(inOrder.sessions[0]).toMatchObject({
      turn_count: String(wanted.turns),
      total_input_tokens: String(wanted.inputTokens),
      total_output_tokens: String(wanted.outputTokens),
    });
    expect(inOrder.nodeHashes).toHaveLength(wanted.nodes);

    expect(await postAll(stack, wanted.bodies.toReversed(), 1)).toEqual(inOrder);
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      expect(await postAll(stack, shuffle(wanted.bodies, seed), CONCURRENCY), `seed ${seed}`).toEqual(
        inOrder,
      );
    }
    const thrice = shuffle([...wanted.bodies, ...wanted.bodies, ...wanted.bodies], SEEDS + 1);
    expect(await postAll(stack, thrice, CONCURRENCY)).toEqual(inOrder);
  });
});

async function postAll(stack: Stack, bodies: readonly string[], concurrency: number): Promise<OrgSnapshot> {
  const org = randomUUID();
  await runPool(bodies, concurrency, (body) => stack.post(underOrg(body, org)));
  await settleAll(stack, org, bodies.length);
  return readSnapshot(stack.sql, org);
}

function underOrg(body: string, org: string): string {
  const parsed = JSON.parse(body) as { session: object };
  return JSON.stringify({ ...parsed, session: { ...parsed.session, org_id: org } });
}
