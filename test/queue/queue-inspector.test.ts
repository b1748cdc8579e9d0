import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, createGate, enqueueWhenUp, useQueue } from "./queue-fixture.ts";

describe.each(queueBackends())("a receipt in the queue on $name", (backend) => {
  const queue = useQueue(backend);

  it("is queued while its turn waits and while it runs, and unknown once it is done", async () => {
    const turn = acceptedTurn();
    await enqueueWhenUp(queue.produce(), [turn]);
    const finder = queue.findReceipts();
    const find = () => finder.findReceipt(turn.orgId, turn.receipt);
    expect(await find()).toEqual({ state: "queued", attempts: 0 });
    const gate = createGate();
    let isRunning = false;
    queue.consume(async () => {
      isRunning = true;
      await gate.opened;
    });
    await waitUntil(() => isRunning, { what: "the turn is running" });
    expect(await find()).toEqual({ state: "queued", attempts: 0 });
    gate.open();
    await waitUntil(async () => (await find()) === undefined, { what: "the turn is done" });
  });

  it("is not there for another org, nor under another id", async () => {
    const turn = acceptedTurn();
    await enqueueWhenUp(queue.produce(), [turn]);
    const finder = queue.findReceipts();
    expect(await finder.findReceipt(randomUUID(), turn.receipt)).toBeUndefined();
    expect(await finder.findReceipt(turn.orgId, randomUUID())).toBeUndefined();
  });

  it("cannot be looked up while the queue is away", async () => {
    await queue.proxy.stop();
    const finder = queue.findReceipts(queue.proxied);
    const error = await finder.findReceipt(randomUUID(), randomUUID()).catch((reason: unknown) => reason);
    expect(isAppError(error, "queue_unavailable")).toBe(true);
  });
});
