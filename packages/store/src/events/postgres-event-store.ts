import type { EventStore } from "@turnpike/domain/events/event-store";
import type { Follower } from "../follow/follower.ts";
import { readEvents } from "../read/events/read-events.ts";
import type { ReadDatabase } from "../connection/read-database.ts";
import type { WritePool } from "../connection/write-pool.ts";
import { appendEvents } from "./append-events.ts";
import { flushSession } from "./flush-session.ts";

/** The event store over Postgres. It owns none of what it is made of. */
export function createPostgresEventStore(deps: {
  readonly pool: WritePool;
  readonly db: ReadDatabase;
  readonly follower: Follower;
}): EventStore {
  const { pool, db, follower } = deps;
  return {
    append: (orgId, sessionId, events) => appendEvents(pool, orgId, sessionId, events),
    async latestSequence(orgId, sessionId) {
      const page = await readEvents(db, orgId, sessionId, { limit: 0 });
      return page?.latestSequence ?? 0;
    },
    async get(orgId, sessionId, query) {
      const page = await readEvents(db, orgId, sessionId, query);
      return [...(page?.events ?? [])];
    },
    async wait(orgId, sessionId, query, options) {
      const page = await follower.waitForPage(orgId, sessionId, query, options);
      return [...(page?.events ?? [])];
    },
    async *stream(orgId, sessionId, filter, signal) {
      for await (const page of follower.pages(orgId, sessionId, filter, signal)) yield* page.events;
    },
    async flush(flush) {
      const { sessionId, events } = await pool.transaction((tx) => flushSession(tx, flush));
      return { sessionId, events };
    },
  };
}
