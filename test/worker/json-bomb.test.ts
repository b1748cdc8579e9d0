/** Bodies that were accepted before JSON was bounded, and would hold a worker for half a minute, in gigabytes. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { readDeadJob } from "@turnpike/queue/job/dead-job";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";
import { useWorkerProcesses } from "./worker-processes.ts";

const MIB = 2 ** 20;
const MAX_RSS_MIB = 512;
const LARGE = 32 * MIB;
// Below this a worker knows the messages of earlier bodies.
const SMALL = 3 * MIB;

const TOO_DEEP = "invalid envelope: body: nested deeper than 520 levels";
const TOO_MANY = "invalid envelope: body: more than 200000 values that are objects or arrays";

const bombs = [
  { unit: "[", sizeBytes: SMALL, reason: TOO_DEEP },
  { unit: "[", sizeBytes: LARGE, reason: TOO_DEEP },
  { unit: '{"a":', sizeBytes: LARGE, reason: TOO_DEEP },
  { unit: "[],", sizeBytes: SMALL + MIB, reason: TOO_MANY },
  { unit: "{},", sizeBytes: LARGE, reason: TOO_MANY },
];

describe.each(queueBackends())("a worker on $name", (backend) => {
  const workers = useWorkerProcesses(backend);

  it("buries bombs that lie in the queue, says why, and goes on with what lies beside them", async () => {
    const org = randomUUID();
    const good = turnBody({ org });
    const bodies = bombs.map(({ unit, sizeBytes }) =>
      good.replace("{", `{"junk":[${unit.repeat(sizeBytes / unit.length)}0],`),
    );
    const accepted = await workers.accept(org, [...bodies, good]);
    const { process } = await workers.start();
    await workers.settled(org, 1);
    const letters = await waitUntil(
      async () => {
        const rows = await workers.sql`
          SELECT receipt, code, reason, attempts, job FROM dead_letters WHERE org_id = ${org}`;
        return rows.length === bombs.length && rows;
      },
      { what: "all bombs are dead", timeoutMs: 60_000 },
    );
    for (const [at, { reason }] of bombs.entries()) {
      const letter = letters.find(({ receipt }) => receipt === accepted[at]?.receipt);
      expect(letter).toMatchObject({ code: "invalid_envelope", reason, attempts: 1 });
      // Shown as it came: nobody parses it.
      expect((await readDeadJob(letter?.["job"] as Uint8Array)).body).toBe(bodies[at]);
    }
    const status = await readFile(`/proc/${process.pid}/status`, "utf8");
    expect(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024).toBeLessThan(MAX_RSS_MIB);
    await process.kill("SIGTERM");
  });
});
