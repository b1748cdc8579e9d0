import { inject } from "vitest";

/** A queue backend that a suite runs on. */
export type TestBackend =
  | { readonly name: "postgres"; readonly redisUrl: undefined; readonly shards: 1 }
  | { readonly name: "redis"; readonly redisUrl: string; readonly shards: 1 }
  | ClusterBackend;

/** A Redis Cluster; its URL is that of all nodes. */
export interface ClusterBackend {
  readonly name: "cluster";
  readonly redisUrl: string;
  readonly shards: number;
}

const SHARDS = 4;

/** List the queue backends of this machine, for `describe.each(queueBackends())("… on $name", …)`. */
export function queueBackends(): Exclude<TestBackend, ClusterBackend>[] {
  const redisUrl = inject("redisUrl");
  return [
    { name: "postgres", redisUrl: undefined, shards: 1 },
    ...(redisUrl === undefined ? [] : [{ name: "redis", redisUrl, shards: 1 } as const]),
  ];
}

/** List the Redis Cluster of this machine, with a queue of several shards on it; none where there is no redis-server. */
export function clusterBackends(): ClusterBackend[] {
  const redisUrl = inject("clusterUrl");
  return redisUrl === undefined ? [] : [{ name: "cluster", redisUrl, shards: SHARDS }];
}

/** List all of them, for suites that see the queue from outside only. */
export function allBackends(): TestBackend[] {
  return [...queueBackends(), ...clusterBackends()];
}
