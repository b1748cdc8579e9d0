import { randomUUID } from "node:crypto";
import { AppError } from "@turnpike/domain/errors";
import type { DatabaseMarker, QueuePlace } from "@turnpike/domain/ports/queue-marker";
import type { Statement } from "../connection/write-pool.ts";
import { readMarker } from "./read-marker.ts";

/**
 * Write the first marker, with a generation of its own. Of many who do it at once one writes it, and all get the same.
 * @returns the one that is there.
 */
export async function claimMarker(
  sql: Statement,
  { backend, prefix, shards }: QueuePlace,
): Promise<DatabaseMarker> {
  await sql`
    INSERT INTO queue_marker (backend, prefix, shards, generation)
    VALUES (${backend}, ${prefix}, ${shards}, ${randomUUID()}) ON CONFLICT DO NOTHING`;
  const marker = await readMarker(sql);
  if (marker === undefined) throw new AppError("store_contention", "the queue marker was taken away");
  return marker;
}
