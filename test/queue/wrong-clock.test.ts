/** Processes whose clocks differ by an hour share a queue. */
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { type TestProcess, useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, createGate, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";
import type { RunConsumerOptions } from "./run-consumer.ts";

const processes = useProcesses();
const LOCK_DURATION_MS = 1_500;
const HOUR_MS = 3_600_000;

const backends = queueBackends().flatMap((backend) => [
  { ...backend, clock: "an hour ahead", shiftMs: HOUR_MS },
  { ...backend, clock: "an hour behind", shiftMs: -HOUR_MS },
]);

describe.each(backends)(
  "a worker whose clock is $clock, on $name",
  ({ shiftMs, clock: _clock, ...backend }) => {
    const queue = useQueue(backend);

    const startShifted = async (): Promise<TestProcess> => {
      const options: RunConsumerOptions = {
        location: queue.location,
        concurrency: 4,
        lockDurationMs: LOCK_DURATION_MS,
      };
      const worker = processes.start(new URL("run-consumer.ts", import.meta.url), {
        args: [JSON.stringify(options)],
        env: {
          NODE_OPTIONS: `--import ${new URL("../support/shift-clock.mjs", import.meta.url).href}`,
          SHIFT_CLOCK_MS: String(shiftMs),
        },
      });
      await worker.waitForLine(/^up$/);
      return worker;
    };

    it("takes no turn over that runs elsewhere, and loses none to others", async () => {
      const gate = createGate();
      const begun: string[] = [];
      const turn = acceptedTurn("{}");
      await enqueueWhenUp(queue.produce(), [turn]);
      const consumer = queue.consume(
        async (_turn, { jobId }) => {
          begun.push(jobId);
          await gate.opened;
        },
        { lockDurationMs: LOCK_DURATION_MS },
      );
      await waitUntil(() => begun.length === 1, { what: "the turn runs here" });
      const shifted = await startShifted();
      const other = acceptedTurn("{}");
      await queue.produce().enqueue([other]);
      const patience = performance.now() + 4 * LOCK_DURATION_MS;
      await waitUntil(() => performance.now() > patience, { what: "locks would have run out several times" });
      gate.open();
      await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "all is done" });
      expect(shifted.output()).not.toContain(idOf(turn));
      expect(begun.filter((id) => id === idOf(turn))).toHaveLength(1);
      expect(consumer.activity().stalled).toBe(0);
      await shifted.kill("SIGKILL");
    });

    it("puts back-off on the queue's clock: others repeat its attempts when they are due", async () => {
      const turn = acceptedTurn('{"failUntil":2}');
      const shifted = await startShifted();
      await queue.produce().enqueue([turn]);
      await shifted.waitForLine(/^begun /);
      await waitUntil(async () => (await queue.countJobs())["active"] === 0, {
        what: "its attempt has failed",
      });
      await shifted.kill("SIGKILL");
      const handled: string[] = [];
      // If it was killed in its next attempt already, the lock of that runs out first.
      queue.consume(async (_turn, { jobId }) => void handled.push(jobId), {
        lockDurationMs: LOCK_DURATION_MS,
      });
      await waitUntil(() => handled.length === 1 || shifted.output().includes("handled"), {
        what: "it is tried again",
        timeoutMs: 5_000,
      });
    });

    it("alone repeats its own attempts, and finds what a dead worker held", async () => {
      const turns = [acceptedTurn('{"failUntil":3}'), acceptedTurn("{}")];
      await enqueueWhenUp(queue.produce(), turns);
      const shifted = await startShifted();
      for (const turn of turns) await shifted.waitForLine(new RegExp(`^handled ${idOf(turn)}`));
      await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "all is done" });
      await shifted.kill("SIGKILL");
    });
  },
);
