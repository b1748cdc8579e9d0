import { connectDatabase, type Database } from "@turnpike/store/connection/read-connection";
import type { EventStore } from "@turnpike/domain/events/event-store";
import { createPostgresEventStore } from "@turnpike/store/events/postgres-event-store";
import { createFollower } from "@turnpike/store/follow/follower";
import { readLatest } from "@turnpike/store/read/events/read-latest";
import { createSessionWatch, type SessionWatch } from "@turnpike/store/follow/session-watch";
import { readEvents } from "@turnpike/store/read/events/read-events";
import { toReadDatabase } from "@turnpike/store/connection/read-database";
import { createWritePool, type WritePool } from "@turnpike/store/connection/write-pool";
import { afterAll, beforeAll } from "vitest";
import { createTestDatabase, type TestDatabase } from "./database.ts";

/** An event store on a database of the suite's own, without wake-ups: readers learn of news by the re-check alone. */
export function useEventStore(): (() => EventStore) & { readonly url: () => string } {
  let database: TestDatabase | undefined;
  let pool: WritePool | undefined;
  let reads: Database | undefined;
  let watch: SessionWatch | undefined;
  let store: EventStore | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = createWritePool({ url: database.url, maxConnections: 10, name: "test" });
    reads = connectDatabase({ url: database.url, maxConnections: 4, name: "test" });
    const db = toReadDatabase(reads);
    watch = createSessionWatch((sessions) => readLatest(db, sessions));
    const follower = createFollower(
      (orgId, sessionId, query) => readEvents(db, orgId, sessionId, query),
      watch,
    );
    store = createPostgresEventStore({ pool, db, follower });
  });
  afterAll(async () => {
    watch?.close();
    await pool?.close();
    await reads?.end();
    await database?.drop();
  });
  const get = (): EventStore => {
    if (store === undefined) throw new Error("the store is used before its tests run");
    return store;
  };
  return Object.assign(get, { url: () => database?.url ?? "" });
}
