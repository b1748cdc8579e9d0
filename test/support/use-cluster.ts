import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, inject } from "vitest";
import type { ClusterBackend } from "./backends.ts";
import { startCluster, type TestCluster } from "./start-cluster.ts";

/** A cluster of a suite's own, whose masters may be killed. */
export interface OwnCluster {
  readonly backend: () => ClusterBackend;
  readonly nodes: TestCluster["nodes"];
}

/** Start a cluster for the suite it is called in; it may be used once the tests run. */
export function useCluster(shards: number): OwnCluster {
  let cluster: TestCluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster(await mkdtemp(join(inject("runFolder"), "own-")));
  });
  afterAll(async () => {
    await cluster?.stop();
  });
  const need = (): TestCluster => {
    if (cluster === undefined) throw new Error("the cluster is used before the tests run");
    return cluster;
  };
  return {
    backend: () => ({ name: "cluster", redisUrl: need().url, shards }),
    get nodes() {
      return need().nodes;
    },
  };
}
