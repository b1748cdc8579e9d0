/** A turn that kills the process it runs in. All that is left of such a run is a lock that runs out. */
import type { DeadLetter } from "@turnpike/domain/ports/ports";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";
import type { RunConsumerOptions } from "./run-consumer.ts";

const processes = useProcesses();
const LOCK_DURATION_MS = 1_500;
// A supervisor starts one after the other; it would not take more than this to get rid of the turn.
const MAX_PROCESSES = 12;

describe.each(queueBackends())("a turn that kills its worker on $name", (backend) => {
  const queue = useQueue(backend);

  it("goes to the dead letters after a few processes, alone; its neighbours are handled", async () => {
    const deadly = acceptedTurn('{"die":true}');
    const others = Array.from({ length: 6 }, () => acceptedTurn("{}"));
    await enqueueWhenUp(queue.produce(), [...others.slice(0, 3), deadly, ...others.slice(3)]);
    const options: RunConsumerOptions = {
      location: queue.location,
      concurrency: 16,
      lockDurationMs: LOCK_DURATION_MS,
    };
    let said = "";
    let died = 0;
    while (died < MAX_PROCESSES && !said.includes("letter ")) {
      const worker = processes.start(new URL("run-consumer.ts", import.meta.url), {
        args: [JSON.stringify(options)],
      });
      const letter = worker.waitForLine(/^letter /);
      await Promise.race([worker.ended, letter.catch(() => undefined)]);
      if (!worker.output().includes("letter ")) died += 1;
      else await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "nothing is left" });
      said += worker.output();
      await worker.kill("SIGKILL");
    }
    const letter = JSON.parse(/^letter (.*)$/m.exec(said)?.[1] ?? "{}") as DeadLetter;
    expect(letter).toMatchObject({ receipt: deadly.receipt, code: "internal" });
    expect(letter.reason).toContain("given up: its worker died or stood still");
    expect(said.match(/^letter /gm)).toHaveLength(1);
    // Two of the deaths make it suspect; then it runs alone, three times.
    expect(died).toBe(5);
    for (const turn of others) expect(said).toContain(`handled ${idOf(turn)}`);
  }, 120_000);
});
