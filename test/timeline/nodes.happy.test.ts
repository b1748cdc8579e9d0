import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { turnBody } from "../support/turn-body.ts";
import { useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

interface Page {
  readonly items: readonly { readonly hash: string; readonly parentHash: string | null }[];
  readonly nextCursor: string | null;
}

const history = (length: number) =>
  Array.from({ length }, (_unused, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content: `message ${index}`,
  }));

async function walk(org: string, hash: string, limit: number): Promise<string[]> {
  const hashes: string[] = [];
  let next = "";
  do {
    const path: string = `/v1/nodes/${hash}/ancestry?limit=${limit}${next}`;
    const { status, body } = await fixture.get<Page>(path, org);
    expect(status).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(limit);
    hashes.push(...body.items.map((item) => item.hash));
    next = body.nextCursor === null ? "" : `&cursor=${body.nextCursor}`;
  } while (next !== "");
  return hashes;
}

describe("GET /v1/nodes/{hash}", () => {
  it("gives a node with its content", async () => {
    const org = randomUUID();
    const turn = prepare(turnBody({ org }));
    await fixture.ingest(turnBody({ org }));
    const [root, head] = turn.nodes;
    expect((await fixture.get(`/v1/nodes/${root?.hash}`, org)).body).toEqual({
      hash: root?.hash,
      parentHash: null,
      role: "user",
      content: [{ type: "text", text: "hello" }],
      provider: "anthropic",
      agentName: null,
      model: null,
      stopReason: null,
      inputTokens: null,
      outputTokens: null,
    });
    expect((await fixture.get(`/v1/nodes/${head?.hash}`, org)).body).toMatchObject({
      parentHash: root?.hash,
      model: "claude-sonnet-4-5",
      stopReason: "end_turn",
      inputTokens: 100,
      outputTokens: 10,
    });
  });
});

describe("GET /v1/nodes/{hash}/ancestry", () => {
  it("gives the path root first, page by page, and ends with the node", async () => {
    const org = randomUUID();
    const body = turnBody({ org, messages: history(9) });
    const hashes = prepare(body).nodes.map((node) => node.hash);
    await fixture.ingest(body);
    for (const limit of [1, 2, 3, 9, 10, 11, 1_000]) {
      expect(await walk(org, hashes.at(-1) ?? "", limit)).toEqual(hashes);
    }
    expect(await walk(org, hashes[0] ?? "", 1)).toEqual(hashes.slice(0, 1));
    expect(await walk(org, hashes[4] ?? "", 2)).toEqual(hashes.slice(0, 5));
  });

  it("walks a chain of 10,000 nodes, while turns go on below it", async () => {
    const org = randomUUID();
    const body = turnBody({ org, messages: history(9_999) });
    const hashes = prepare(body).nodes.map((node) => node.hash);
    await fixture.ingest(body);
    const [walked] = await Promise.all([
      walk(org, hashes.at(-1) ?? "", 1_000),
      fixture.ingest(turnBody({ org, messages: history(9_999), answer: "fork" })),
    ]);
    expect(walked).toEqual(hashes);
  });
});
