/** A Redis Cluster of three masters, without replicas, that goes on with the slots that it has when one of them is away. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { findLastingPort } from "./find-lasting-port.ts";
import { startRedisIn, type TestRedis } from "./start-redis.ts";
import { waitUntil } from "./wait-until.ts";

/** A cluster of a test's own, or of the run. */
export interface TestCluster {
  /** The URLs of all nodes, with commas between. */
  readonly url: string;
  readonly nodes: readonly ClusterNode[];
  stop(): Promise<void>;
}

/** One master of the cluster; it may be killed and started again, on the same port and with the same data. */
export interface ClusterNode {
  readonly url: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Let it stand still, its connections open. */
  freeze(): void;
  thaw(): void;
}

const MASTERS = 3;
const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 2_000;
const startAttempts = 3;

/** Start a cluster in a new folder in this one. Undefined where redis-server is not installed. */
export async function startCluster(folder: string): Promise<TestCluster | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const dir = join(folder, `cluster-${attempt}`);
    const nodes: RunningNode[] = [];
    const stop = async (): Promise<void> => {
      await Promise.all(nodes.map((node) => node.stop()));
    };
    try {
      await mkdir(dir, { recursive: true });
      for (let number = 0; number < MASTERS; number += 1)
        nodes.push(await startNode(join(dir, `node-${number}`)));
      await joinNodes(nodes);
      return { url: nodes.map(({ url }) => url).join(","), nodes, stop };
    } catch (error) {
      await stop();
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      // A port may have been taken between asking for it and using it.
      if (attempt === startAttempts) throw error;
    }
  }
}

interface RunningNode extends ClusterNode {
  readonly port: number;
  readonly busPort: number;
  stop(): Promise<void>;
}

async function startNode(dir: string): Promise<RunningNode> {
  await mkdir(dir);
  const [port, busPort] = [await findLastingPort(), await findLastingPort()];
  const more = ["--cluster-enabled", "yes", "--cluster-port", String(busPort)];
  more.push("--cluster-node-timeout", String(NODE_TIMEOUT_MS), "--cluster-require-full-coverage", "no");
  const start = (): Promise<TestRedis> => startRedisIn(dir, { port, more });
  let server: TestRedis | undefined = await start();
  const signal = (name: NodeJS.Signals): void => {
    if (server !== undefined) process.kill(server.pid, name);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await server?.stop(signal);
    server = undefined;
  };
  return {
    url: server.url,
    port,
    busPort,
    kill: () => end("SIGKILL"),
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    async restart() {
      server = await start();
    },
    async stop() {
      signal("SIGCONT");
      await end("SIGTERM");
    },
  };
}

async function joinNodes(nodes: readonly RunningNode[]): Promise<void> {
  const clients = nodes.map(({ url }) => new Redis(url));
  try {
    await Promise.all(
      clients.map(async (client, index) => {
        const first = Math.floor((index * SLOTS) / MASTERS);
        const last = Math.floor(((index + 1) * SLOTS) / MASTERS) - 1;
        await client.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
        await client.call("CLUSTER", "ADDSLOTSRANGE", first, last);
      }),
    );
    for (const { port, busPort } of nodes.slice(1))
      await clients[0]?.call("CLUSTER", "MEET", "127.0.0.1", port, busPort);
    await waitUntil(
      async () => {
        const answers = await Promise.all(clients.map((client) => client.cluster("INFO")));
        return answers.every(isWhole);
      },
      { what: "the nodes know each other and all slots" },
    );
  } finally {
    for (const client of clients) client.disconnect();
  }
}

function isWhole(info: string): boolean {
  return (
    info.includes("cluster_state:ok") &&
    info.includes(`cluster_slots_ok:${SLOTS}`) &&
    info.includes(`cluster_size:${MASTERS}`)
  );
}
