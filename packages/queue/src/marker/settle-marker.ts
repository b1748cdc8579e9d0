import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "@turnpike/domain/ports/ports";
import { type QueueLocation } from "../backend/backend.ts";
import { placeOf } from "../backend/open-backend.ts";
import { createQueueClient, WAIT_MS } from "../backend/queue-client.ts";
import { listShards } from "../shards/shards.ts";
import type { Verdict } from "./compare-markers.ts";
import { countAccepted, type UseShard } from "./count-accepted.ts";
import { judgeQueue } from "./judge-queue.ts";
import type { MarkerOptions } from "./watch-marker.ts";

const RETRY_MS = 200;
const silent: Log = { info() {}, warn() {}, error() {} };

/**
 * Compare the markers once, and write what is missing; for commands. "unknown" when the queue or the database does not answer: one
 * that is away is tried until the patience is over.
 */
export async function settleMarker(
  location: QueueLocation,
  { patienceMs, ...marker }: MarkerOptions & { readonly patienceMs: number },
): Promise<Verdict> {
  const clients = listShards({ ...location, log: silent }).map((shard) => createQueueClient(shard));
  const [first, ...others] = clients.map(
    (client): UseShard =>
      (act) =>
        client.use(WAIT_MS, act),
  );
  if (first === undefined) throw new Error("a queue has one shard at least");
  const place = placeOf(location);
  const deadline = performance.now() + patienceMs;
  try {
    for (;;) {
      const { verdict, hasDatabase } = await judgeQueue(
        {
          ...marker,
          configured: place,
          role: "inspector",
          useNotes: (act) => first(({ backend }) => act(backend.openNotes(place))),
          countAccepted: () => countAccepted([first, ...others]),
        },
        undefined,
      );
      if (verdict.state !== "unknown" && hasDatabase) return verdict;
      if (performance.now() > deadline) return { state: "unknown" };
      await sleep(RETRY_MS);
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}
