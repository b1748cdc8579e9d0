/** A worker goes on with the shards that are there, for as long as the master of the others is away. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { clusterBackends } from "../support/backends.ts";
import { turnBody } from "../support/turn-body.ts";
import { useCluster } from "../support/use-cluster.ts";
import { waitUntil } from "../support/wait-until.ts";
import { useWorkerProcesses } from "./worker-processes.ts";

const SHARDS = 4;
const PROGRESS_TIMEOUT_MS = 1_000;

describe.runIf(clusterBackends().length > 0)("a worker on a cluster whose one master is away", () => {
  const cluster = useCluster(SHARDS);
  const workers = useWorkerProcesses(cluster.backend);

  it("stores what the others hold, does not end, and stores the rest when it is back", async () => {
    const org = randomUUID();
    const { process, url } = await workers.start({
      env: { PROGRESS_TIMEOUT_MS: String(PROGRESS_TIMEOUT_MS) },
    });
    const turnOf = (turn: number) => turnBody({ org, session: `session-${turn}` });
    let accepted = 0;
    let refused = 0;
    const accept = async (turn: number): Promise<void> => {
      await workers.accept(org, [turnOf(turn)]).then(
        () => (accepted += 1),
        () => (refused += 1),
      );
    };
    for (let turn = 0; turn < 24; turn += 1) await accept(turn);
    await workers.settled(org, 24);
    const [, node] = cluster.nodes;
    await node?.kill();
    // A shard that answered and got nothing done would be the end of the worker the second time.
    const hasRebuiltTwice = (): boolean => {
      const shards = [...process.output().matchAll(/"shard":(\d+).*"worker_rebuilt"/g)].map(
        ([, shard]) => shard,
      );
      return new Set(shards).size < shards.length;
    };
    const deadline = Date.now() + 60_000;
    for (let turn = 24; !hasRebuiltTwice() && Date.now() < deadline; turn += 1) {
      await accept(turn);
      await sleep(20);
    }
    expect(hasRebuiltTwice(), process.output().slice(-2_000)).toBe(true);
    await workers.settled(org, accepted);
    expect(refused).toBeGreaterThan(0);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(process.output()).not.toContain("worker_wedged");
    await node?.restart();
    const before = accepted;
    await waitUntil(
      async () => {
        const seen = refused;
        for (let turn = 0; turn < 24; turn += 1) await accept(10_000 + accepted + turn);
        return refused === seen;
      },
      { what: "all shards take turns again" },
    );
    expect(accepted).toBeGreaterThan(before);
    await workers.settled(org, accepted);
    expect((await process.kill("SIGTERM")).exitCode).toBe(0);
  }, 120_000);
});
