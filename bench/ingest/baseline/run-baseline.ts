import { startServices } from "../../support/services.ts";
import { startNode } from "../../support/start-node.ts";
import type { Size } from "../bodies.ts";

/** What the yardstick is to store. */
export interface YardstickOrder {
  readonly databaseUrl: string;
  readonly size: Size;
  readonly sessions: number;
}

/** What its steps took. */
export interface YardstickResult {
  readonly turns: number;
  readonly parseMs: number;
  readonly chainMs: number;
  readonly writeMs: number;
}

/** Turns a second of the yardstick, one step after the other, on a Postgres of its own. */
export async function runYardstick(order: Omit<YardstickOrder, "databaseUrl">): Promise<number> {
  const services = await startServices();
  try {
    const program = startNode({
      name: "yardstick",
      entry: new URL("baseline-program.ts", import.meta.url),
      args: [JSON.stringify({ ...order, databaseUrl: services.databaseUrl })],
      // All bodies are held at once, parsed.
      nodeArgs: ["--max-old-space-size=8192"],
    });
    const [line] = await program.waitForLine(/^\{"turns".*$/);
    const { turns, parseMs, chainMs, writeMs } = JSON.parse(line) as YardstickResult;
    await program.ended;
    return turns / ((parseMs + chainMs + writeMs) / 1_000);
  } finally {
    await services.stop();
  }
}
