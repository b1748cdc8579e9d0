/** `turnpike import events`, as a person runs it: what it takes, what it sets aside, and what a second run changes. */
import { randomUUID } from "node:crypto";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../support/run-command.ts";
import { useStore } from "../support/store-fixture.ts";

const fixture = useStore();
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-import-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const makeSession = async (id: string = randomUUID(), org: string = NIL_UUID): Promise<string> => {
  await fixture.sql`
    INSERT INTO sessions (org_id, id, harness_id, harness_session_id) VALUES (${org}, ${id}, 'claude', ${randomUUID()})`;
  return id;
};
const writeLog = async (content: string | Buffer): Promise<string> => {
  const path = join(folder, `${randomUUID()}.jsonl`);
  await writeFile(path, content);
  return path;
};
const run = (path: string, args: readonly string[] = [], databaseUrl: string = fixture.url) =>
  runCommand(["import", "events", path, ...args], { env: { DATABASE_URL: databaseUrl } });
const line = (sessionId: string, event: string, more: object = {}): string =>
  JSON.stringify({ sessionId, event, timestamp: "2025-01-02T03:04:05.678901Z", ...more });
const readEvents = (sessionId: string) =>
  fixture.sql<{ sequence: string; event_type: string; occurred_at: string; metadata: object }[]>`
    SELECT sequence, event_type, metadata,
           to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at
    FROM session_events WHERE session_id = ${sessionId} ORDER BY sequence`;

describe("turnpike import events", () => {
  it("takes both forms, in the order of the file, with their own times and metadata", async () => {
    const session = await makeSession();
    const path = await writeLog(
      [
        line(session, "run_started", { tool: "Read", n: [1, { a: null }] }),
        JSON.stringify({
          sessionId: session.toUpperCase(),
          eventType: "message_sent",
          createdAt: "2024-12-31T23:00:00-02:00",
          metadata: { event: "kept" },
        }),
        line(session, "run_failed"),
      ].join("\n"),
    );
    const { exitCode, stdout, stderr } = await run(path);
    expect([exitCode, stdout, stderr]).toEqual([0, "3 taken (3 new, 0 there already), 0 set aside\n", ""]);
    expect(await readEvents(session)).toEqual([
      {
        sequence: "1",
        event_type: "run_started",
        occurred_at: "2025-01-02T03:04:05.678901Z",
        metadata: { tool: "Read", n: [1, { a: null }] },
      },
      {
        sequence: "2",
        event_type: "message_sent",
        occurred_at: "2025-01-01T01:00:00.000000Z",
        metadata: { event: "kept" },
      },
      {
        sequence: "3",
        event_type: "run_failed",
        occurred_at: "2025-01-02T03:04:05.678901Z",
        metadata: {},
      },
    ]);
    await expect(access(`${path}.set-aside.jsonl`)).rejects.toThrow("ENOENT");
  });

  it("takes nothing twice: not from the same file, nor from one that holds its lines again", async () => {
    const session = await makeSession();
    const equal = [line(session, "tick"), line(session, "tick"), line(session, "tick", { a: 1, b: 2 })];
    const path = await writeLog(`${equal.join("\n")}\n`);
    expect((await run(path)).stdout).toBe("3 taken (3 new, 0 there already), 0 set aside\n");
    expect((await run(path)).stdout).toBe("3 taken (0 new, 3 there already), 0 set aside\n");
    const longer = await writeLog(
      `${line(session, "tick", { b: 2, a: 1 })}\r\n${equal[0]}\r\n${equal[0]}\r\n${equal[0]}\r\n`,
    );
    expect((await run(longer)).stdout).toBe("4 taken (1 new, 3 there already), 0 set aside\n");
    expect(await readEvents(session)).toHaveLength(4);
  });

  it("knows sessions by UUIDs of every version, nil and max, in the org that is named only", async () => {
    const org = randomUUID();
    const ids = [
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((version) => `3f1c9d52-7a44-${version}c0e-9b1e-5d7a0f4e2c11`),
      NIL_UUID,
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ];
    for (const id of ids) await makeSession(id, org);
    const path = await writeLog(ids.map((id) => line(id, "step")).join("\n"));
    expect((await run(path)).stdout).toMatch(/^0 taken .*, 10 set aside\n {2}10 session_unknown: /);
    expect((await run(path, ["--org", org.toUpperCase()])).stdout).toMatch(/^10 taken \(10 new/);
    await expect(access(`${path}.set-aside.jsonl`)).rejects.toThrow("ENOENT");
    expect((await run(path, ["--org", "acme"])).exitCode).toBe(1);
  });

  it("sets aside what it cannot take, byte by byte, with each line's number and reason beside it", async () => {
    const session = await makeSession();
    const erased = await makeSession();
    await fixture.sql`UPDATE sessions SET deleted_at = now() WHERE id = ${erased}`;
    const unknown = randomUUID();
    const lines: [text: string | Buffer, reason: string | undefined][] = [
      [`  ${line(session, "step", { n: 1 })} \r`, undefined],
      ["nonsense\r", "not_json"],
      [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), "not_json"],
      [line("session-1", "step"), "session_id_not_uuid"],
      [line(unknown, "step"), "session_unknown"],
      [line(erased, "step"), "session_unknown"],
      [line(session, "step", { n: 2 }), undefined],
      [line(session, "Step"), "bad_type"],
      [line(session, "step", { timestamp: "yesterday" }), "bad_time"],
      [line(session, "step", { timestamp: 7, text: "x".repeat(17_000_000) }), "line_too_long"],
      [line(session, "step", { n: 3 }), undefined],
    ];
    const bytes = lines.map(([text]) => Buffer.concat([Buffer.from(text), Buffer.from("\n")]));
    const path = await writeLog(Buffer.concat([Buffer.from("\ufeff\n \n"), ...bytes]));
    const aside = join(folder, "aside.jsonl");
    const { exitCode, stdout } = await run(path, ["--aside", aside]);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").map((text) => text.trim().split(":")[0])).toEqual([
      "3 taken (3 new, 0 there already), 8 set aside",
      "2 not_json",
      "1 session_id_not_uuid",
      "2 session_unknown",
      "1 bad_type",
      "1 bad_time",
      "1 line_too_long",
      `lines in ${aside}, reasons in ${aside}.reasons`,
      "",
    ]);
    const refused = lines.flatMap(([, reason], index) => (reason === undefined ? [] : [{ reason, index }]));
    const expected = Buffer.concat(refused.map(({ index }) => bytes[index] as Buffer));
    expect((await readFile(aside)).equals(expected)).toBe(true);
    expect(await readFile(`${aside}.reasons`, "utf8")).toBe(
      refused.map(({ reason, index }) => `${index + 3} ${reason}\n`).join(""),
    );
    expect((await readEvents(session)).map(({ metadata }) => metadata)).toEqual([
      { n: 1 },
      { n: 2 },
      { n: 3 },
    ]);

    // Once the session is there, the lines that were set aside can be imported as they stand.
    await makeSession(unknown);
    expect((await run(aside)).stdout).toMatch(/^1 taken \(1 new, 0 there already\), 7 set aside\n/);
  });

  it("keeps each session's order over many batches of many sessions", async () => {
    const sessions = await Promise.all(Array.from({ length: 3 }, () => makeSession()));
    const all = Array.from({ length: 3_500 }, (_unused, n) =>
      line(sessions[(n * 7) % 3] as string, "step", { n, text: "é".repeat(n % 50) }),
    );
    const path = await writeLog(all.join("\n"));
    expect((await run(path)).stdout).toBe("3500 taken (3500 new, 0 there already), 0 set aside\n");
    for (const session of sessions) {
      const numbers = (await readEvents(session)).map(({ metadata }) => (metadata as { n: number }).n);
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      expect(numbers.length).toBeGreaterThan(1_000);
    }
  });

  it("that the database fails says how far it came; run again, it goes on and takes nothing twice", async () => {
    const session = await makeSession();
    const path = await writeLog(
      [
        "nonsense",
        ...Array.from({ length: 2_500 }, (_unused, n) =>
          line(session, n === 2_200 ? "poison" : "step", { n }),
        ),
      ].join("\n"),
    );
    await fixture.sql.unsafe(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON session_events FOR EACH ROW WHEN (NEW.event_type = 'poison')
        EXECUTE FUNCTION fail()`);
    const failed = await run(path);
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/^1999 taken \(1999 new, 0 there already\), 1 set aside\n/);
    expect(failed.stderr).toMatch(
      /stopped after line 2000 of .* \(database: 53100\): run the same command again/,
    );
    await fixture.sql.unsafe("DROP TRIGGER fail ON session_events; DROP FUNCTION fail()");
    const again = await run(path);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toMatch(/^2500 taken \(501 new, 1999 there already\), 1 set aside\n/);
    expect(await readFile(`${path}.set-aside.jsonl`, "utf8")).toBe("nonsense\n");
    const numbers = (await readEvents(session)).map(({ metadata }) => (metadata as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: 2_500 }, (_unused, n) => n));
  });

  it("needs a database, a file that is one, and never writes over it", async () => {
    const path = await writeLog("nonsense\n");
    const away = await run(path, [], "postgres://someone:secret@127.0.0.1:1/nowhere");
    expect([away.exitCode, away.stderr]).toEqual([1, expect.stringContaining("stopped after line 0")]);
    expect(away.stderr + away.stdout).not.toContain("secret");
    const none = await runCommand(["import", "events", path]);
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining("DATABASE_URL must be set")]);
    const missing = await run(join(folder, "missing.jsonl"));
    expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringContaining("missing.jsonl")]);
    expect((await run(folder)).stderr).toContain("is no regular file");
    const same = await run(path, ["--aside", path]);
    expect([same.exitCode, same.stderr]).toEqual([1, expect.stringContaining("is the imported file itself")]);
    expect(await readFile(path, "utf8")).toBe("nonsense\n");
  });
});
