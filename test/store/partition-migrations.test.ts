/** Migrations of plain tables are migrations of partitioned ones, as `docs/operations.md` says. */
import { randomUUID } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "@turnpike/store/connection/migrate";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { partitionDatabase } from "../support/partition-database.ts";
import { prepare } from "../support/prepare.ts";
import { listPartitions, readCatalog, readOptions } from "../support/read-catalog.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation } from "../support/turn-body.ts";

// One of everything that a migration may do to a table, and what it has to do for each part.
const MIGRATION = `
ALTER TABLE turns ADD COLUMN colour text COLLATE "C" DEFAULT 'red' NOT NULL;
--> statement-breakpoint
ALTER TABLE turns ADD CONSTRAINT turns_colour_key UNIQUE (org_id, colour, id);
--> statement-breakpoint
CREATE INDEX turns_by_colour ON turns (org_id, colour) WHERE chain_length > 0;
--> statement-breakpoint
ALTER TABLE turns ALTER COLUMN chain_length TYPE bigint;
--> statement-breakpoint
ALTER TABLE sessions DROP COLUMN cwd, ADD CONSTRAINT sessions_turns CHECK (turn_count >= 0);
--> statement-breakpoint
UPDATE sessions SET name = 'migrated';
--> statement-breakpoint
CREATE TABLE more (org_id uuid NOT NULL, PRIMARY KEY (org_id));
--> statement-breakpoint
DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'nodes'::regclass
              UNION ALL SELECT oid FROM pg_class WHERE oid = 'nodes'::regclass AND relkind = 'r'
  LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 90)', part);
  END LOOP;
END
$$;`;

describe("a database that is partitioned", () => {
  const plain = useStore();
  const fixture = useStore();
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(inject("runFolder"), "migrations-"));
    await cp(fileURLToPath(new URL("../../drizzle", import.meta.url)), folder, { recursive: true });
    const path = join(folder, "meta/_journal.json");
    const journal = JSON.parse(await readFile(path, "utf8")) as { entries: { idx: number; when: number }[] };
    const last = journal.entries.at(-1);
    const entry = { ...last, idx: 99, when: (last?.when ?? 0) + 1, tag: "0099_more" };
    await writeFile(path, JSON.stringify({ ...journal, entries: [...journal.entries, entry] }));
    await writeFile(join(folder, "0099_more.sql"), MIGRATION);
    for (const { store } of [plain, fixture]) {
      await store.ingestTurns(conversation({ org: randomUUID(), turns: 3 }).map((body) => prepare(body)));
    }
    await partitionDatabase(fixture.url, 4);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is up to date", async () => {
    const before = await readCatalog(fixture.sql, "turns");
    await migrate(fixture.url);
    expect(await readCatalog(fixture.sql, "turns")).toEqual(before);
    expect(await listPartitions(fixture.sql, "turns")).toHaveLength(4);
  });

  it("takes the next migration as a plain one does", async () => {
    for (const { url } of [plain, fixture]) await migrate(url, folder);
    for (const table of ["turns", "sessions", "more"]) {
      expect(await readCatalog(fixture.sql, table)).toEqual(await readCatalog(plain.sql, table));
    }
    for (const part of await listPartitions(fixture.sql, "nodes")) {
      expect(await readOptions(fixture.sql, part)).toContain("fillfactor=90");
    }
    expect(await fixture.sql`SELECT name FROM sessions`).toEqual([{ name: "migrated" }]);
  });
});
