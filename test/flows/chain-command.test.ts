import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runCommand } from "../support/run-command.ts";
import { conversation, turnBody } from "../support/turn-body.ts";

interface ChainNode {
  readonly role: string;
  readonly hash: string;
  readonly parent: string;
}

async function chains<T>(lines: readonly string[]): Promise<T[]> {
  const { exitCode, stdout } = await runCommand(["chain"], { input: `${lines.join("\n")}\n` });
  expect(exitCode).toBe(0);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

describe("turnpike chain", () => {
  it("prints one chain per body, each node with the hash of the one before as its parent", async () => {
    const bodies = conversation({ turns: 3 });
    const printed = await chains<ChainNode[]>(bodies);
    expect(printed.map((chain) => chain.length)).toEqual([2, 4, 6]);
    for (const chain of printed) {
      expect(chain.map((node) => node.parent)).toEqual(["", ...chain.slice(0, -1).map((node) => node.hash)]);
    }
    expect(printed[2]?.slice(0, 4)).toEqual(printed[1]);
  });

  it("a body that is refused gets a line of its own that says why, and the rest goes on", async () => {
    const printed = await chains([
      "not json",
      "",
      turnBody(),
      JSON.stringify({ ...(JSON.parse(turnBody()) as object), provider: "mistral" }),
    ]);
    expect(printed).toMatchObject([
      { error: { code: "invalid_envelope" } },
      { error: { code: "invalid_envelope" } },
      [{ role: "user", parent: "" }, { role: "assistant" }],
      { error: { code: "unsupported_provider", message: expect.stringContaining('"mistral"') } },
    ]);
  });

  // Real turns, where somebody keeps some beside the project.
  const recordings = fileURLToPath(new URL("../../../shared/recordings/", import.meta.url));
  it.runIf(existsSync(recordings))("gives the hashes that a recorded session is known to have", async () => {
    const lines = readFileSync(`${recordings}claude-session.jsonl`, "utf8").trim().split("\n");
    const expected = JSON.parse(readFileSync(`${recordings}claude-session.expected.json`, "utf8")) as {
      turns: { nodes: string[] }[];
    };
    const printed = await chains<ChainNode[]>(lines);
    expect(printed.map((chain) => chain.map((node) => node.hash))).toEqual(
      expected.turns.map((turn) => turn.nodes),
    );
  });
});
