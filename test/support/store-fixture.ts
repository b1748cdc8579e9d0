import { createPostgresStore, type PostgresStore } from "@turnpike/store/ingest/postgres-store";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll } from "vitest";
import { createTestDatabase, type TestDatabase } from "./database.ts";

/** A store on a database of the test file's own, and a plain connection to look inside. */
export interface StoreFixture {
  readonly store: PostgresStore;
  readonly sql: Sql;
  readonly url: string;
}

/** Make the fixture for a test file; its parts may be used once the tests run. */
export function useStore(): StoreFixture {
  let database: TestDatabase | undefined;
  let store: PostgresStore | undefined;
  let sql: Sql | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
    store = createPostgresStore({ url: database.url, maxConnections: 16 });
    sql = postgres(database.url, { max: 4, onnotice: () => {} });
  });
  afterAll(async () => {
    await store?.close();
    await sql?.end();
    await database?.drop();
  });
  const need = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("the fixture is used before its tests run");
    return part;
  };
  return {
    get store() {
      return need(store);
    },
    get sql() {
      return need(sql);
    },
    get url() {
      return need(database).url;
    },
  };
}
