import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { queueBackends } from "../support/backends.ts";
import { useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";
import { largeTurn, useRegisters } from "./register-fixture.ts";
import { useQueue } from "./queue-fixture.ts";

const ROUNDS = 3;
const CALLERS = 12;

describe.each(queueBackends())(
  "an ingest process that is killed while it takes turns, on $name",
  (backend) => {
    const queue = useQueue(backend);
    const openRegister = useRegisters();
    const processes = useProcesses();

    it("has counted exactly what is in the queue, and all that it has answered 202 is there", async () => {
      const { redisUrl, databaseUrl, prefix } = queue.location;
      const register = await openRegister(queue.location);
      const receipts: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const ingest = processes.start(bundleOf("ingest"), {
          env: {
            REDIS_URL: redisUrl,
            DATABASE_URL: databaseUrl,
            QUEUE_PREFIX: prefix,
            PORT: "0",
            HOST: "127.0.0.1",
            LOG_LEVEL: "info",
          },
        });
        const [, url = ""] = await ingest.waitForLine(/"url":"(http:[^"]+)"/);
        let isAlive = true;
        const callers = Array.from({ length: CALLERS }, async (_unused, caller) => {
          while (isAlive) receipts.push(...(await post(url, caller)));
        });
        const enough = receipts.length + randomInt(50, 400);
        await waitUntil(() => receipts.length >= enough, { what: "turns were taken" });
        await ingest.kill("SIGKILL");
        isAlive = false;
        await Promise.all(callers);
      }
      // What the server was still doing for the dead comes to its end.
      const { acceptedByOrg, jobIds } = await waitUntil(
        async () => {
          const one = await register.snapshot();
          await sleep(250);
          const two = await register.snapshot();
          return one.jobIds.length === two.jobIds.length && two;
        },
        { what: "nothing is put in any more" },
      );
      const accepted = [...acceptedByOrg.values()].reduce((sum, count) => sum + count, 0);
      expect(accepted).toBe(jobIds.length);
      const inQueue = new Set(jobIds.map((id) => id.split("_")[1]));
      expect(receipts.filter((receipt) => !inQueue.has(receipt))).toEqual([]);
      expect((await register.load()).jobs).toBe(jobIds.length);
      expect(await register.sweep()).toMatchObject({ ran: true, released: 0, orphanPayloads: 0, adopted: 0 });
    });
  },
);

const large = JSON.parse(largeTurn().body) as { text: string };

/** Post one turn, a large one or a batch, by who calls; the receipts that were answered 202. */
async function post(url: string, caller: number): Promise<string[]> {
  const content = caller === 0 ? large.text : "hello";
  const turn = {
    provider: "anthropic",
    request: { model: "m", messages: [{ role: "user", content }] },
    response: { model: "m", message: { role: "assistant", content: [{ type: "text", text: "yes" }] } },
  };
  const isBatch = caller % 3 === 2;
  try {
    const answer = await fetch(`${url}/v1/ingest${isBatch ? "/batch" : ""}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(isBatch ? { turns: Array.from({ length: 10 }, () => turn) } : turn),
    });
    if (answer.status !== 202) return [];
    const said = (await answer.json()) as { receipt?: string; receipts?: string[] };
    return said.receipts ?? (said.receipt === undefined ? [] : [said.receipt]);
  } catch {
    return [];
  }
}
