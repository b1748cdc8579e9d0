/** 202s per second without a worker, against a bare server; what was accepted is stored and counted afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { startNode } from "../../support/start-node.ts";
import type { Size } from "../bodies.ts";
import { startTurns, warmUp } from "../send-turns.ts";
import { type ProductOptions, startProduct } from "../start-product.ts";
import { countRows, waitForReceipts } from "../wait-for-rows.ts";

const DRAINING_WORKERS = 2;
// By then ingest has forgotten how many called at a time while it was warmed up.
const FORGET_MS = 1_000;

/** What is sent. */
export interface AcceptOrder {
  readonly size: Size;
  readonly turns: number;
  /** That post at a time, each the next turn after the 202 of the one before. */
  readonly clients: number;
}

/** Answers per second of the bare server. */
export async function measureBareServer(order: AcceptOrder): Promise<number> {
  const server = startNode({
    name: "bare server",
    entry: new URL("../baseline/bare-server-program.ts", import.meta.url),
  });
  const [ingestUrl] = await server.waitForLine(/^http:.*$/);
  try {
    await warmUp(ingestUrl);
    const { accepted, seconds } = await startTurns({ ingestUrl, ...order }).result;
    return accepted / seconds;
  } finally {
    await server.stop();
  }
}

/**
 * 202s per second of the ingest app.
 * @throws Error when a turn that was accepted is not stored.
 */
export async function measureAccept(options: ProductOptions, order: AcceptOrder): Promise<number> {
  const product = await startProduct(options);
  try {
    const { ingestUrl } = product;
    const warm = await warmUp(ingestUrl);
    await sleep(FORGET_MS);
    const { sent, result } = startTurns({ ingestUrl, ...order });
    const { accepted, seconds } = await result;
    await product.startWorkers(DRAINING_WORKERS);
    const total = { sessions: warm.sessions + sent.sessions, turns: warm.turns + sent.turns };
    await waitForReceipts(product, total.turns, 100);
    await countRows(product.sql, total);
    return accepted / seconds;
  } finally {
    await product.stop();
  }
}
