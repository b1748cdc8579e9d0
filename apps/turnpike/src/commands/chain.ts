import { createInterface } from "node:readline";
import type { Command } from "commander";
import { isAppError } from "@turnpike/domain/errors";
import { buildChain } from "@turnpike/domain/chain/turn-chain";
import { readTurnBody } from "@turnpike/domain/turn/turn-body";

/** Add `turnpike chain`: for people who ask why a chain forked. */
export function addChain(program: Command): void {
  program
    .command("chain")
    .description("read one turn's body per line on stdin, print its chain of nodes as one JSON line each")
    .action(async () => {
      const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
      for await (const line of lines) {
        const isFlushed = process.stdout.write(`${JSON.stringify(describeChain(line))}\n`);
        if (!isFlushed) await new Promise((resolve) => process.stdout.once("drain", resolve));
      }
    });
}

function describeChain(line: string) {
  try {
    const turn = readTurnBody(parse(line));
    return buildChain([...turn.messages, turn.response.message]).map((node) => ({
      role: node.role,
      hash: node.hash,
      parent: node.parentHash ?? "",
    }));
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

/** What is no JSON is no envelope either: `undefined` is refused as such. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
