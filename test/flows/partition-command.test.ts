/** `turnpike partition`, as a person runs it. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { listPartitions } from "../support/read-catalog.ts";
import { runCommand } from "../support/run-command.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation } from "../support/turn-body.ts";

describe("turnpike partition", () => {
  const fixture = useStore();
  const run = (...args: readonly string[]) =>
    runCommand(["partition", ...args], { env: { DATABASE_URL: fixture.url } });

  beforeAll(async () => {
    await fixture.store.ingestTurns(
      conversation({ org: randomUUID(), turns: 7 }).map((body) => prepare(body)),
    );
  });

  it("says what it would do, and does nothing", async () => {
    const { exitCode, stdout, stderr } = await run("--partitions", "16", "--dry-run");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/ nodes +│ +14 │/);
    expect(stdout).toContain("moved into 16 partitions by org");
    expect(stdout).toMatch(/needs some \d+ MiB of disk .* Nothing was done\./s);
    expect(await listPartitions(fixture.sql, "nodes")).toEqual([]);
  });

  it.each([
    [[], "--partitions <n>"],
    [["--partitions", "1"], "must be 2 to 128"],
    [["--partitions", "129"], "must be 2 to 128"],
  ])("takes no %j", async (args, message) => {
    const { exitCode, stderr } = await run(...args);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
  });

  it("asks which database is meant", async () => {
    const { exitCode, stderr } = await runCommand(["partition", "--partitions", "4"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("DATABASE_URL must be set");
  });

  it("gives up when the tables stay in use, and says by whom and what to do", async () => {
    await fixture.sql.begin(async (tx) => {
      await tx`SET LOCAL application_name = 'turnpike-worker'`;
      await tx`SELECT FROM nodes LIMIT 1`;
      const { exitCode, stderr } = await run("--partitions", "4", "--wait", "1");
      expect(exitCode).toBe(1);
      expect(stderr).toContain(
        "in use for 1 s, at last by turnpike-worker (1); nothing was changed. Stop the workers",
      );
    });
  });

  it("names what stands in the way, in the server's words when it is met half-way", async () => {
    await fixture.sql`CREATE VIEW mine AS SELECT id FROM turns`;
    const refused = await run("--partitions", "4");
    await fixture.sql`DROP VIEW mine`;
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("rule _RETURN on view mine depends on turns");
    await fixture.sql`CREATE TABLE runs_p3 ()`;
    const failed = await run("--partitions", "4");
    await fixture.sql`DROP TABLE runs_p3`;
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain('relation "runs_p3" already exists');
    expect(await listPartitions(fixture.sql, "nodes")).toEqual([]);
  });

  it("partitions, telling each table as it goes, once", async () => {
    const { exitCode, stdout, stderr } = await run("--partitions", "4");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Each was moved into 4 partitions by org.");
    expect(stderr).toMatch(/^nodes: moving 1 MiB …\nnodes: 14 rows are in place$/m);
    expect(await listPartitions(fixture.sql, "nodes")).toHaveLength(4);

    const again = await run("--partitions", "4");
    expect(again).toMatchObject({
      exitCode: 0,
      stdout: "The tables have 4 partitions each: nothing to do.\n",
    });
    const other = await run("--partitions", "8");
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toContain("sessions has 4 partitions, and their number cannot be changed");
  });
});
