import { Redis, type RedisOptions } from "ioredis";
import { z } from "zod";
import { within } from "@turnpike/async/timeout";

/** As whom a node is asked. */
export type Credentials = Pick<RedisOptions, "username" | "password" | "tls" | "family">;

/** Where a node of a cluster listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

// Of one node, connection included; then the next is asked.
const ANSWER_TIMEOUT_MS = 1_000;

const Node = z.tuple([z.string().nullable(), z.int()]).rest(z.unknown());
// First slot, last slot, master, replicas.
const Slots = z.array(z.tuple([z.int(), z.int(), Node]).rest(Node));

/**
 * Make a finder of the node that serves a key at the moment. It asks one node after the other, first those that it is told of,
 * then those that it has heard of; and it begins with another one each time, for one that was cut off knows old news only.
 */
export function createMasterFinder(
  seeds: readonly NodeAddress[],
  credentials: Credentials,
  key: string,
): () => Promise<NodeAddress> {
  const known = new Map(seeds.map((node) => [nameOf(node), node]));
  let begin = 0;
  return async () => {
    const nodes = [...known.values()];
    const first = begin++ % nodes.length;
    let failure: unknown;
    for (const node of [...nodes.slice(first), ...nodes.slice(0, first)]) {
      try {
        const masters = await askNode(node, credentials, key);
        for (const master of masters.all) known.set(nameOf(master), master);
        if (masters.ofKey !== undefined) return masters.ofKey;
        failure = new Error("no node of the cluster serves the slot");
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };
}

interface Masters {
  readonly all: readonly NodeAddress[];
  readonly ofKey: NodeAddress | undefined;
}

async function askNode(node: NodeAddress, credentials: Credentials, key: string): Promise<Masters> {
  const redis = new Redis({
    ...credentials,
    ...node,
    connectTimeout: ANSWER_TIMEOUT_MS,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    // One that still reads its file knows the others.
    enableReadyCheck: false,
  });
  redis.on("error", () => {});
  try {
    const ask = async (): Promise<[number, unknown]> => {
      await redis.connect();
      return Promise.all([redis.cluster("KEYSLOT", key), redis.cluster("SLOTS")]);
    };
    const [slot, answer] = await within(ask(), ANSWER_TIMEOUT_MS, () => new Error("a node does not answer"));
    const ranges = Slots.parse(answer).map(([first, last, [host, port]]) => ({
      first,
      last,
      // A node that does not know its own name leaves it out.
      master: { host: host || node.host, port },
    }));
    return {
      all: ranges.map(({ master }) => master),
      ofKey: ranges.find(({ first, last }) => first <= slot && slot <= last)?.master,
    };
  } finally {
    redis.disconnect();
  }
}

function nameOf({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}
