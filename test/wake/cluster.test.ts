import { randomUUID } from "node:crypto";
import { createWakePublisher } from "@turnpike/wake/publisher";
import { subscribeToWakes } from "@turnpike/wake/subscriber";
import { afterEach, describe, expect, it } from "vitest";
import { clusterBackends } from "../support/backends.ts";
import { useCluster } from "../support/use-cluster.ts";
import { waitUntil } from "../support/wait-until.ts";

const log = { info() {}, warn() {}, error() {} };

describe.runIf(clusterBackends().length > 0)("wake-ups on a cluster", () => {
  const cluster = useCluster(4);
  const closes: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closes.splice(0).map((close) => close()));
  });

  it("are heard on any node, and again when the nodes of both ends have been away", async () => {
    const prefix = `test-${randomUUID()}`;
    const [one = "", two = "", three = ""] = cluster.nodes.map(({ url }) => url);
    const heard = new Set<number>();
    const at = (...urls: string[]) => ({ redisUrl: urls.join(","), databaseUrl: "", prefix, log });
    const subscription = subscribeToWakes(at(one, three), (wakes) => {
      for (const { latestSequence } of wakes) heard.add(latestSequence);
    });
    const publisher = createWakePublisher(at(two, three));
    closes.push(
      () => subscription.close(),
      () => publisher.close(),
    );
    let sent = 0;
    const untilHeard = (): Promise<unknown> => {
      const from = sent;
      return waitUntil(
        () => {
          sent += 1;
          publisher.publish([{ orgId: randomUUID(), sessionId: randomUUID(), latestSequence: sent }]);
          return [...heard].some((sequence) => sequence > from);
        },
        { what: "a wake-up is heard", timeoutMs: 10_000 },
      );
    };
    await untilHeard();
    for (const node of cluster.nodes.slice(0, 2)) await node.kill();
    heard.clear();
    await untilHeard();
    expect(heard.size).toBeGreaterThan(0);
  });
});
