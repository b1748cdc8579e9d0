import type { DatabaseMarker, QueuePlace } from "@turnpike/domain/ports/queue-marker";
import type { Statement } from "../connection/write-pool.ts";

interface MarkerRow {
  readonly backend: QueuePlace["backend"];
  readonly prefix: string;
  readonly shards: number;
  readonly generation: string;
  readonly replaces: string | null;
  readonly written_at: Date;
  readonly confirmed: boolean;
}

/** Read the marker; undefined when there is none. */
export async function readMarker(sql: Statement): Promise<DatabaseMarker | undefined> {
  const [row] = await sql<MarkerRow>`
    SELECT backend, prefix, shards, generation, replaces, written_at, confirmed_at IS NOT NULL AS confirmed
    FROM queue_marker`;
  if (row === undefined) return undefined;
  const { backend, prefix, shards, generation, replaces, written_at: writtenAt, confirmed } = row;
  return {
    backend,
    prefix,
    shards,
    generation,
    replaces: replaces ?? undefined,
    writtenAt: writtenAt.toISOString(),
    isConfirmed: confirmed,
  };
}
