import { describe, expect, it } from "vitest";
import type { AcceptedTurn } from "@turnpike/domain/ports/ports";
import { queueBackends } from "../support/backends.ts";
import { withText } from "../support/with-text.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";

const MIB = 2 ** 20;

const bodies: readonly [string, string][] = [
  ["plain", '{"b":1,"a":[2, 3]}\r\n '],
  ["with escapes of what Postgres cannot store", String.raw`{"text":"\u0000 \ud83d \\u0000"}`],
  ["with emoji and Hebrew", '{"text":"🐞👩‍👩‍👧 שלום \u2028"}'],
  ["of five megabytes", JSON.stringify({ text: "Dolor 🐞 \n".repeat((5 * MIB) / 10) })],
];

describe.each(queueBackends())("a turn through the queue on $name", (backend) => {
  const queue = useQueue(backend);

  it.each(bodies)("comes out as it went in: a body %s", async (_name, body) => {
    const producer = queue.produce();
    const turn = acceptedTurn(body);
    await enqueueWhenUp(producer, [turn]);
    const taken: AcceptedTurn[] = [];
    const facts: object[] = [];
    queue.consume(async (given, known) => {
      taken.push(withText(given));
      facts.push(known);
    });
    await waitUntil(() => taken.length > 0, { what: "the turn is handed out" });
    expect(taken).toEqual([turn]);
    expect(facts).toEqual([{ attempt: 1, jobId: idOf(turn) }]);
  });

  it("comes out as text when it was put in as bytes, without a byte order mark", async () => {
    const turn = acceptedTurn('{"text":"é"}');
    const taken: AcceptedTurn[] = [];
    await enqueueWhenUp(queue.produce(), [{ ...turn, body: Buffer.from(`\ufeff${turn.body}`) }]);
    queue.consume(async (given) => void taken.push(withText(given)));
    await waitUntil(() => taken.length > 0, { what: "the turn is handed out" });
    expect(taken).toEqual([turn]);
  });

  it("is in the backend's storage when enqueue resolves, with nobody to take it", async () => {
    const producer = queue.produce();
    const turns = [acceptedTurn(), acceptedTurn(), acceptedTurn()];
    await enqueueWhenUp(producer, turns);
    const stored = await queue.dump();
    for (const turn of turns) expect(stored).toContain(idOf(turn));
    expect(await countUnfinished(queue)).toBe(3);
  });

  it("an empty batch puts nothing in", async () => {
    const producer = queue.produce();
    await enqueueWhenUp(producer, []);
    expect(await countUnfinished(queue)).toBe(0);
  });

  it("leaves nothing of itself behind once it is handled", async () => {
    const producer = queue.produce();
    const marker = "only-in-the-body";
    const turns = Array.from({ length: 20 }, () => acceptedTurn(`{"text":"${marker}"}`));
    await enqueueWhenUp(producer, turns);
    expect(await queue.dump()).toContain(marker);
    queue.consume(async () => {});
    await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "the queue is empty" });
    expect(await queue.countJobs()).toMatchObject({ completed: 0, failed: 0, delayed: 0 });
    await waitUntil(async () => !(await queue.dump()).includes(marker), { what: "the bodies are gone" });
  });
});
