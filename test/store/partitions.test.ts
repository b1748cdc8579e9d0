/** A database that holds something is partitioned: everything is as before, or nothing was changed. */
import { randomUUID } from "node:crypto";
import { prepareEvents } from "@turnpike/domain/prepare/prepare-events";
import {
  type PartitionOptions,
  partitionTables,
  planPartitions,
} from "@turnpike/store/partition/partition-tables";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { useDeadLetters, deadLetter } from "../support/dead-letter.ts";
import { prepare } from "../support/prepare.ts";
import { growing, listPartitions, readCatalog, readContents, readOptions } from "../support/read-catalog.ts";
import { readSnapshot } from "../support/snapshot.ts";
import { type StoreFixture, useStore } from "../support/store-fixture.ts";
import { conversation } from "../support/turn-body.ts";
import { useEditor } from "../support/use-editor.ts";

const PARTITIONS = 4;

const partition = (fixture: StoreFixture, wish: Partial<PartitionOptions> = {}) =>
  partitionTables(fixture.url, { partitions: PARTITIONS, waitMs: 1_000, onProgress: () => {}, ...wish });

async function fill(fixture: StoreFixture, org: string): Promise<void> {
  const turns = ["one", "two"].flatMap((session) => conversation({ org, session, turns: 5, forkAt: 3 }));
  await fixture.store.ingestTurns(turns.map((body) => prepare(body)));
  await fixture.store.ingestTurns([prepare(turns[0] ?? "")]);
  const session = { harness_id: "claude", harness_session_id: "one" };
  const body = JSON.stringify({ session, events: [{ id: "a", type: "step", run_id: "run" }] });
  await fixture.store.ingestEvents(prepareEvents({ receipt: uuidv7(), orgId: org, body }));
}

/** What people add to tables, and what a server without lz4 has. */
async function adorn({ sql }: StoreFixture, role: string): Promise<void> {
  await sql.unsafe(`
    CREATE ROLE ${role};
    ALTER TABLE nodes SET (toast_tuple_target = 8160, fillfactor = 90, toast.autovacuum_vacuum_threshold = 77);
    ALTER TABLE nodes ALTER COLUMN role SET STORAGE MAIN, ALTER COLUMN hash SET STATISTICS 300,
      ALTER COLUMN org_id SET (n_distinct = 50);
    ALTER TABLE turns ADD CONSTRAINT sane CHECK (chain_length >= 0), ADD COLUMN gone text;
    ALTER TABLE turns DROP COLUMN gone, ADD COLUMN added bigint DEFAULT 7;
    CREATE INDEX turns_by_provider ON turns (org_id, lower(provider)) WITH (fillfactor = 70) WHERE cost_usd IS NULL;
    CREATE UNIQUE INDEX turns_by_receipt ON turns (org_id, receipt) INCLUDE (id);
    CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER each_row BEFORE INSERT ON turns FOR EACH ROW EXECUTE FUNCTION leave();
    CREATE TRIGGER asleep AFTER INSERT ON turns FOR EACH STATEMENT EXECUTE FUNCTION leave();
    ALTER TABLE turns DISABLE TRIGGER asleep;
    COMMENT ON TABLE runs IS 'it''s runs'; COMMENT ON COLUMN runs.metadata IS 'whatever';
    GRANT SELECT ON sessions TO ${role} WITH GRANT OPTION; GRANT SELECT (id), UPDATE (name) ON sessions TO ${role};
    GRANT INSERT ON receipts TO PUBLIC; REVOKE TRUNCATE ON receipts FROM CURRENT_USER;
    ALTER TABLE runs OWNER TO ${role};
    ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO PUBLIC`);
}

describe("a database that is partitioned", () => {
  const fixture = useStore();
  const letters = useDeadLetters(fixture);
  const editor = useEditor(fixture);
  const orgs = Array.from({ length: 12 }, () => randomUUID());
  const role = `test_${randomUUID().replaceAll("-", "")}`;
  const read = () =>
    Promise.all([
      readContents(fixture.sql),
      Promise.all(orgs.map((org) => readSnapshot(fixture.sql, org))),
      letters().readLedgerCounts([]),
    ]);
  const readTables = () => Promise.all(growing.map((table) => readCatalog(fixture.sql, table)));
  let before: Awaited<ReturnType<typeof read>>;
  let tables: Awaited<ReturnType<typeof readTables>>;
  let nodeOptions: readonly string[] = [];
  let result: Awaited<ReturnType<typeof partition>>;
  const progress: string[] = [];

  beforeAll(async () => {
    for (const org of orgs) await fill(fixture, org);
    const [row] = await fixture.sql<
      { id: string }[]
    >`SELECT id FROM sessions WHERE org_id = ${orgs[0] ?? ""} LIMIT 1`;
    await editor().deleteSession(orgs[0] ?? "", row?.id ?? "");
    await letters().put(deadLetter({ orgId: orgs[1] ?? "", receipt: uuidv7() }));
    await adorn(fixture, role);
    [before, tables, nodeOptions] = [
      await read(),
      await readTables(),
      await readOptions(fixture.sql, "nodes"),
    ];
    result = await partition(fixture, { onProgress: ({ table, rows }) => progress.push(`${table} ${rows}`) });
  });
  afterAll(async () => {
    await fixture.sql.unsafe(
      `ALTER TABLE runs OWNER TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`,
    );
  });

  it("holds the rows that it held, and its ledger counts what it counted", async () => {
    const count = (table: string) => Number(before[0][table]?.split(" ")[0]);
    expect(result).toMatchObject({
      outcome: "partitioned",
      isAnalysed: true,
      moves: growing.map((table) => ({ table, rows: count(table) })),
    });
    expect(progress).toEqual(growing.flatMap((table) => [`${table} undefined`, `${table} ${count(table)}`]));
    expect(await read()).toEqual(before);
    expect(count("receipts")).toBe(orgs.length * 14);
  });

  it("has the columns, keys, indexes, rules, rights and comments that it had", async () => {
    expect(await readTables()).toEqual(tables);
  });

  it("has parts that are like the whole, under the same rules and rights, with its options", async () => {
    for (const [place, table] of growing.entries()) {
      const parts = await listPartitions(fixture.sql, table);
      expect(parts).toEqual(Array.from({ length: PARTITIONS }, (_unused, part) => `${table}_p${part}`));
      const whole = nameless(tables[place]);
      for (const part of parts) expect(nameless(await readCatalog(fixture.sql, part))).toEqual(whole);
    }
    expect(nodeOptions).toHaveLength(3);
    for (const part of await listPartitions(fixture.sql, "nodes")) {
      expect(await readOptions(fixture.sql, part)).toEqual(nodeOptions);
    }
  });

  it("spreads the orgs, each in the same part of every table", async () => {
    const homes = await fixture.sql<{ org_id: string; part: string }[]>`
      SELECT DISTINCT org_id, substring(tableoid::regclass::text FROM '_(p\\d)$') AS part FROM sessions
      UNION SELECT DISTINCT org_id, substring(tableoid::regclass::text FROM '_(p\\d)$') FROM session_events`;
    expect(homes).toHaveLength(orgs.length);
    expect(new Set(homes.map(({ part }) => part)).size).toBeGreaterThan(1);
  });

  it("refuses changes of events by the name of a part, too, and counts receipts that come by it", async () => {
    const [home] = await fixture.sql<{ org_id: string; events: string; receipts: string }[]>`
      SELECT org_id, tableoid::regclass::text AS events,
             replace(tableoid::regclass::text, 'session_events', 'receipts') AS receipts FROM session_events LIMIT 1`;
    if (home === undefined) throw new Error("there are no events");
    for (const statement of ["UPDATE # SET message = 'x'", "DELETE FROM #", "TRUNCATE #"]) {
      await expect(fixture.sql.unsafe(statement.replace("#", home.events))).rejects.toMatchObject({
        code: "42501",
      });
    }
    const countOf = async () => (await letters().readLedgerCounts([])).get(home.org_id)?.stored ?? 0;
    const stored = await countOf();
    await fixture.sql`
      INSERT INTO ${fixture.sql(home.receipts)} (org_id, receipt, outcome) VALUES (${home.org_id}, ${uuidv7()}, 'stored')`;
    expect(await countOf()).toBe(stored + 1);
    await fixture.sql`
      INSERT INTO receipts (org_id, receipt, outcome) VALUES (${home.org_id}, ${uuidv7()}, 'stored')`;
    expect(await countOf()).toBe(stored + 2);
  });

  it("is left alone when it is asked for again, and has no other number of parts", async () => {
    const oids = () =>
      fixture.sql`SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`;
    const known = await oids();
    expect(await partition(fixture)).toEqual({ outcome: "nothing_to_do" });
    expect(await planPartitions(fixture.url, PARTITIONS)).toEqual({ outcome: "nothing_to_do" });
    const other = await partition(fixture, { partitions: 8 });
    expect(other).toMatchObject({ outcome: "refused" });
    expect(other.outcome === "refused" && other.reasons[0]).toContain("sessions has 4 partitions");
    expect(await oids()).toEqual(known);
  });
});

/** Without the names of keys, indexes and checks, which parts have their own of, and the comments, which they lack. */
function nameless(table: Awaited<ReturnType<typeof readCatalog>> | undefined) {
  const definitions = (list: readonly unknown[] = []) =>
    (list as { definition: string }[])
      .map(({ definition }) => definition.replace(/INDEX \S+/, "INDEX"))
      .sort();
  return {
    columns: table?.columns,
    owner: table?.owner,
    grants: table?.grants,
    triggers: table?.triggers,
    constraints: definitions(table?.constraints),
    indexes: definitions(table?.indexes),
  };
}

describe("partitioning that does not come to its end leaves everything as it was", () => {
  const fixture = useStore();
  const readAll = async () => [
    await readContents(fixture.sql),
    await Promise.all(growing.map((table) => readCatalog(fixture.sql, table))),
    await fixture.sql`SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid`,
  ];
  let before: Awaited<ReturnType<typeof readAll>>;

  beforeAll(async () => {
    for (const org of [randomUUID(), randomUUID()]) await fill(fixture, org);
  });
  beforeEach(async () => {
    before = await readAll();
  });

  it("when the name of a part is taken", async () => {
    await fixture.sql`CREATE TABLE turns_p2 ()`;
    const failure = await partition(fixture).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "store_failed",
      cause: { message: 'relation "turns_p2" already exists' },
    });
    await fixture.sql`DROP TABLE turns_p2`;
    expect(await readAll()).toEqual(before);
  });

  it("when its connection is lost half-way", async () => {
    const cut = ({ table }: { table: string }): void => {
      if (table !== "session_events") return;
      void fixture.sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'turnpike-partition' AND datname = current_database()`.execute();
    };
    // It must not be over before the server has heard of it.
    const slow = `CREATE FUNCTION dawdle() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); END'`;
    await fixture.sql.unsafe(
      `${slow}; CREATE EVENT TRIGGER dawdle ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION dawdle()`,
    );
    await expect(partition(fixture, { onProgress: cut })).rejects.toMatchObject({
      code: "store_unavailable",
    });
    await fixture.sql`DROP FUNCTION dawdle CASCADE`;
    expect(await readAll()).toEqual(before);
  });

  it("when a row is lost on the way", async () => {
    await fixture.sql.unsafe(`
      CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE FUNCTION spoil() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.nodes_p1') THEN
          CREATE TRIGGER swallow BEFORE INSERT ON nodes_p1 FOR EACH ROW EXECUTE FUNCTION swallow();
          CREATE TRIGGER swallow BEFORE INSERT ON nodes_p0 FOR EACH ROW EXECUTE FUNCTION swallow();
        END IF;
      END $$;
      CREATE EVENT TRIGGER spoil ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION spoil()`);
    await expect(partition(fixture, { partitions: 2 })).rejects.toThrow(
      /nodes had \d+ rows and would have 0/,
    );
    await fixture.sql`DROP FUNCTION spoil, swallow CASCADE`;
    expect(await readAll()).toEqual(before);
  });

  it("when somebody uses the tables for longer than it waits, and says who", async () => {
    await fixture.sql.begin(async (tx) => {
      await tx`SET LOCAL application_name = 'a long look'`;
      await tx`SELECT FROM turns LIMIT 1`;
      expect(await partition(fixture)).toEqual({ outcome: "in_use", holders: ["a long look (1)"] });
    });
    expect(await readAll()).toEqual(before);
  });

  it.each([
    [
      "a view",
      "CREATE VIEW v AS SELECT id FROM sessions",
      "DROP VIEW v",
      "rule _RETURN on view v depends on sessions",
    ],
    [
      "a foreign key",
      "ALTER TABLE runs ADD CONSTRAINT f FOREIGN KEY (org_id, session_id) REFERENCES sessions",
      "ALTER TABLE runs DROP CONSTRAINT f",
      "runs has the constraint f, which partitions cannot have",
    ],
    [
      "a unique index without the org",
      "CREATE UNIQUE INDEX u ON turns (receipt)",
      "DROP INDEX u",
      "turns has the unique index u, which is not by org_id",
    ],
    [
      "row security",
      "ALTER TABLE nodes ENABLE ROW LEVEL SECURITY",
      "ALTER TABLE nodes DISABLE ROW LEVEL SECURITY",
      "nodes has row security",
    ],
    [
      "a publication",
      "CREATE PUBLICATION p FOR TABLE turns",
      "DROP PUBLICATION p",
      "turns is in the publication p",
    ],
    [
      "statistics",
      "CREATE STATISTICS s ON role, model FROM nodes",
      "DROP STATISTICS s",
      "nodes has the statistics s",
    ],
    [
      "a sequence",
      "ALTER TABLE runs ADD COLUMN n serial",
      "ALTER TABLE runs DROP COLUMN n",
      "runs owns runs_n_seq",
    ],
  ])("when there is %s, which it would lose", async (_name, make, drop, reason) => {
    await fixture.sql.unsafe(make);
    const made = await readAll();
    const refused = await partition(fixture);
    expect(refused).toMatchObject({ outcome: "refused" });
    expect(refused.outcome === "refused" && refused.reasons).toContain(reason);
    expect(await planPartitions(fixture.url, PARTITIONS)).toEqual(refused);
    expect(await readAll()).toEqual(made);
    await fixture.sql.unsafe(drop);
  });

  it("when the server has no room for so many locks", async () => {
    const refused = await partition(fixture, { partitions: 2_000 });
    expect(refused.outcome === "refused" && refused.reasons[0]).toMatch(/^\d+ locks are needed .* max_locks/);
  });

  it("when it is only asked what would be done", async () => {
    const plan = await planPartitions(fixture.url, PARTITIONS);
    const rows = growing.map((table) => ({
      table,
      rows: Number((before[0] as Record<string, string>)[table]?.split(" ")[0]),
    }));
    expect(plan).toMatchObject({ outcome: "would_partition", moves: rows });
    expect(plan.outcome === "would_partition" && plan.moves.every(({ bytes }) => bytes > 8_192)).toBe(true);
    expect(await readAll()).toEqual(before);
  });
});
