import type { Log } from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "../backend/backend.ts";
import { mergeSnapshots } from "../inspector/merge-shards.ts";
import { createQueueClient, WAIT_MS } from "../backend/queue-client.ts";
import type { QueueSnapshot } from "../backend/ledger.ts";
import { listShards } from "../shards/shards.ts";
import { type QueueNote } from "./queue-note.ts";

const SNAPSHOT_WAIT_MS = 15_000;
const silent: Log = { info() {}, warn() {}, error() {} };

/** What a queue holds, and what it says of itself, whosever it is. */
export interface QueueSurvey extends QueueSnapshot {
  readonly note: QueueNote;
}

/**
 * Look into a queue once; for commands.
 * @throws AppError `queue_unavailable`.
 */
export async function surveyQueue(location: QueueLocation): Promise<QueueSurvey> {
  const clients = listShards({ ...location, log: silent }).map((shard) => createQueueClient(shard));
  const place = { prefix: location.prefix, shards: location.shards ?? 1 };
  try {
    const [note] = await Promise.all(
      clients
        .slice(0, 1)
        .map((first) => first.use(WAIT_MS, ({ backend }) => backend.openNotes(place).read())),
    );
    if (note === undefined) throw new Error("a queue has one shard at least");
    const snapshots = await Promise.all(
      clients.map((client) => client.use(SNAPSHOT_WAIT_MS, ({ register }) => register.snapshot())),
    );
    return { ...mergeSnapshots(snapshots), note };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}
