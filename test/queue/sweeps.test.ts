import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { acceptedTurn, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";
import { largeTurn, untilEmpty, useRegisters } from "./register-fixture.ts";

const NOTHING = { ran: true, released: 0, orphanPayloads: 0, adopted: 0 };
const SWEEPS = 25;
const BATCH = 20;

describe.each(queueBackends())("a sweep on $name", (backend) => {
  const queue = useQueue(backend);
  const openRegister = useRegisters();

  it("finds nothing in however many looks while two workers work turns off", async () => {
    const orgId = randomUUID();
    const producer = queue.produce();
    await enqueueWhenUp(producer, [acceptedTurn("{}", orgId)]);
    const consumers = [1, 2].map(() => queue.consume(async () => {}, { concurrency: 16 }));
    const register = await openRegister(queue.location);
    let isOver = false;
    const feeding = (async () => {
      while (!isOver) {
        await producer.enqueue(Array.from({ length: BATCH }, () => acceptedTurn("{}", orgId)));
        await producer.enqueue([largeTurn(orgId, 300_000)]);
      }
    })();
    const found = { released: 0, orphanPayloads: 0, adopted: 0 };
    const areBusy = (): boolean => consumers.every((consumer) => consumer.activity().completed > BATCH);
    for (let sweep = 0; sweep < SWEEPS || !areBusy(); sweep += 1) {
      const { released, orphanPayloads, adopted } = await register.sweep();
      found.released += released;
      found.orphanPayloads += orphanPayloads;
      found.adopted += adopted;
      await delay(5);
    }
    isOver = true;
    await feeding;
    await untilEmpty(register, orgId);
    expect(found).toEqual({ released: 0, orphanPayloads: 0, adopted: 0 });
  });

  it("finds nothing where a release is late, and leaves it to whoever makes it", async () => {
    const turns = [acceptedTurn(), largeTurn()];
    await enqueueWhenUp(queue.produce(), turns);
    const register = await openRegister(queue.location);
    await queue.removeRaw(turns.map(idOf));
    const sweeping = register.sweep();
    await delay(1_500);
    expect(await register.release(turns.map(idOf))).toBe(backend.name === "redis" ? 2 : 0);
    expect(await sweeping).toMatchObject(NOTHING);
  });
});
