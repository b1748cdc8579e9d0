/** A worker takes the largest turns there are, many at a time, and stays small. */
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { turnBody } from "../support/turn-body.ts";
import { useWorkerProcesses } from "./worker-processes.ts";

const MIB = 2 ** 20;
const MAX_RSS_BYTES = 512 * MIB;
const TURNS = 12;
const OUTPUT_BYTES = 30_000_000;

/** The most memory that a process ever had. */
async function readPeak(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

describe.runIf(process.platform === "linux").each(queueBackends())("a worker on $name", (backend) => {
  const workers = useWorkerProcesses(backend);

  it("stores turns of 30 MB, sixteen at a time, in less than 512 MB", async () => {
    const org = randomUUID();
    for (let turn = 0; turn < TURNS; turn += 1) {
      const content = randomBytes(OUTPUT_BYTES / 2).toString("hex");
      const messages = [
        { role: "user", content: [{ type: "tool_result", tool_use_id: `t-${turn}`, content }] },
      ];
      await workers.accept(org, [turnBody({ org, session: `session-${turn}`, messages })]);
    }
    const { process } = await workers.start({
      env: { CONCURRENCY: "16" },
    });
    await workers.settled(org, TURNS, 120_000);
    const peak = await readPeak(process.pid);
    console.info(`peak of a worker on ${backend.name}: ${Math.round(peak / MIB)} MiB`);
    expect(peak).toBeLessThan(MAX_RSS_BYTES);
    await process.kill("SIGTERM");
  }, 180_000);
});
