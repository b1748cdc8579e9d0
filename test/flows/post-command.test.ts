import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../support/run-command.ts";
import { readSnapshot } from "../support/snapshot.ts";
import { settleAll, useStack } from "../support/stack.ts";
import { conversation, turnBody } from "../support/turn-body.ts";

const stack = useStack({ name: "postgres", redisUrl: undefined, shards: 1 });
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-post-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function writeLines(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${lines.join("\n")}\n`);
  return path;
}

describe("turnpike post", () => {
  it("shuffled and repeated, the turns of a file are stored once each", async () => {
    const path = await writeLines("turns.jsonl", conversation({ turns: 10, forkAt: 4 }));
    const url = `${stack.ingestUrl}/v1/ingest`;
    const { exitCode, stdout } = await runCommand([
      "post",
      path,
      "--url",
      url,
      "--shuffle",
      "7",
      "--repeat",
      "3",
      "--concurrency",
      "8",
    ]);
    expect(stdout).toMatch(/^33 accepted, 0 rejected, 0 retries/);
    expect(exitCode).toBe(0);
    await settleAll(stack, NIL_UUID, 33);
    const { sessions, turnHeads } = await readSnapshot(stack.sql, NIL_UUID);
    expect(sessions).toHaveLength(1);
    expect(turnHeads).toHaveLength(11);
  });

  it("names the lines that are refused, with the reason, and exits 1", async () => {
    const path = await writeLines("mixed.jsonl", [turnBody({ session: "mixed" }), "", "{}", "nonsense"]);
    const { exitCode, stdout } = await runCommand(["post", path, "--url", `${stack.ingestUrl}/v1/ingest`]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^1 accepted, 2 rejected/);
    expect(stdout).toMatch(/line 3: 422 unprocessable turn: unsupported provider ""/);
    expect(stdout).toMatch(/line 4: 400 invalid envelope/);
  });

  it("a file that is not there is named", async () => {
    const { exitCode, stderr } = await runCommand(["post", join(folder, "missing.jsonl")]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("missing.jsonl");
  });
});
