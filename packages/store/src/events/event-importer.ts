import type { NewEvent } from "@turnpike/domain/events/event-store";
import { appendEvents } from "./append-events.ts";
import { createWritePool } from "../connection/write-pool.ts";

/** Appends events of older logs to sessions that are there. */
export interface EventImporter {
  /**
   * Tell which of these sessions the org has (erased ones it has not), each with the number of its latest event.
   * @throws AppError `store_unavailable` or `store_contention`.
   */
  findSessions(orgId: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Append events in their order, all or none in one transaction; answers with their numbers. One whose id is there
   * already keeps the number it has.
   * @throws AppError `not_found`, `event_conflict`, `store_unavailable`, `store_contention` or `store_rejected`.
   */
  append(orgId: string, sessionId: string, events: readonly NewEvent[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Make an importer on one connection; it is opened at the first call. */
export function createEventImporter(url: string): EventImporter {
  const pool = createWritePool({ url, maxConnections: 1, name: "turnpike-import" });
  return {
    async findSessions(orgId, ids) {
      const rows = await pool.statement<{ id: string; latest_sequence: string }>`
        SELECT id, latest_sequence FROM sessions
        WHERE org_id = ${orgId} AND id = ANY(${ids}::uuid[]) AND deleted_at IS NULL`;
      return new Map(rows.map((row) => [row.id, Number(row.latest_sequence)]));
    },
    async append(orgId, sessionId, events) {
      const stored = await appendEvents(pool, orgId, sessionId, events);
      return stored.map(({ sequence }) => sequence);
    },
    close: () => pool.close(),
  };
}
