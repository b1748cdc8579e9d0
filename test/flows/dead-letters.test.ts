/** What failed for good, from the failure over the command to the row; on a whole Turnpike. */
import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { describe, expect, it } from "vitest";
import { allBackends } from "../support/backends.ts";
import { runCommand } from "../support/run-command.ts";
import { type Stack, useStack } from "../support/stack.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

interface Line {
  readonly accepted: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly deadLettered: number;
  readonly discarded: number;
  readonly inFlight: number;
  readonly difference: number;
}

async function readLine(stack: Stack, orgId: string): Promise<Line> {
  const { total } = await stack.read<{ total: Line }>(`/v1/ledger?org_id=${orgId}`);
  return total;
}

/** Post turns that the database refuses, and wait until they are dead; then it would take them. */
async function makeDead(stack: Stack, orgId: string, answers: readonly string[]): Promise<string[]> {
  const name = stack.sql(`refused_${orgId.slice(0, 8)}`);
  const rule = stack.sql.unsafe(`org_id <> '${orgId}'`);
  await stack.sql`ALTER TABLE turns ADD CONSTRAINT ${name} CHECK (${rule}) NOT VALID`;
  try {
    const receipts: string[] = [];
    for (const answer of answers) receipts.push(await stack.post(turnBody({ org: orgId, answer })));
    await waitUntil(
      async () => {
        const { deadLettered, inFlight } = await readLine(stack, orgId);
        return deadLettered === answers.length && inFlight === 0;
      },
      { what: `${answers.length} turns are dead` },
    );
    return receipts;
  } finally {
    await stack.sql`ALTER TABLE turns DROP CONSTRAINT ${name}`;
  }
}

describe.each(allBackends())("dead letters on $name", (backend) => {
  const stack = useStack(backend);
  const turnpike = (...args: string[]) => runCommand([...args, "--url", stack.timelineUrl]);

  it("are listed, shown, and tried out, which changes nothing", async () => {
    const org = randomUUID();
    const receipts = await makeDead(stack, org, ["one", "two", "three"]);
    const list = await turnpike("dead-letters", "list", "--org", org);
    expect([list.exitCode, list.stderr]).toEqual([0, ""]);
    for (const receipt of receipts) expect(list.stdout).toContain(receipt);
    expect(list.stdout).toContain("store_rejected");
    const json = await turnpike("dead-letters", "list", "--org", org, "--json", "--limit", "2");
    expect(JSON.parse(json.stdout)).toHaveLength(2);
    const show = await turnpike("dead-letters", "show", receipts[0] ?? "", "--org", org, "--json");
    const body = turnBody({ org, answer: "one" });
    expect(JSON.parse(show.stdout)).toMatchObject({ state: "dead", body, isReadable: true });
    const plan = await turnpike("dead-letters", "replay", "--org", org, "--all", "--dry-run");
    expect(plan.stdout).toMatch(/^3 would be replayed\. Nothing was done\./);
    expect(await readLine(stack, org)).toMatchObject({ accepted: 3, deadLettered: 3, difference: 0 });
  });

  it("are replayed and stored once their cause is mended; ledger and audit log know it", async () => {
    const org = randomUUID();
    await stack.settle(await stack.post(turnBody({ org, answer: "before" })));
    const receipts = await makeDead(stack, org, ["one", "two", "three"]);
    const one = await turnpike("dead-letters", "replay", receipts[0] ?? "", "--org", org);
    expect([one.exitCode, one.stdout]).toEqual([0, "1 replayed.\n"]);
    await stack.settle(receipts[0] ?? "");
    const rest = await turnpike("dead-letters", "replay", "--org", org, "--all", "--rate", "500");
    expect(rest.stdout).toBe("2 replayed; left alone: 1 resolved.\n");
    for (const receipt of receipts) {
      expect(await stack.settle(receipt)).toMatchObject({ state: "stored" });
    }
    expect(await readLine(stack, org)).toEqual({
      accepted: 4,
      stored: 4,
      duplicate: 0,
      deadLettered: 0,
      discarded: 0,
      inFlight: 0,
      failed: 0,
      difference: 0,
    });
    const audit = await turnpike("audit", "--org", org);
    expect(audit.stdout.match(/dead_letters\.replay_begun/g)).toHaveLength(2);
    expect(audit.stdout).toContain(encodeURIComponent(userInfo().username));
  });

  it("that are discarded stay in the ledger", async () => {
    const org = randomUUID();
    await makeDead(stack, org, ["one", "two"]);
    const { stdout } = await turnpike("dead-letters", "discard", "--org", org, "--code", "store_rejected");
    expect(stdout).toBe("2 discarded.\n");
    expect(await readLine(stack, org)).toEqual({
      accepted: 2,
      stored: 0,
      duplicate: 0,
      deadLettered: 2,
      discarded: 2,
      inFlight: 0,
      failed: 0,
      difference: 0,
    });
    const list = await turnpike("dead-letters", "list", "--org", org, "--state", "dead");
    expect(list.stdout).toBe("There are none.\n");
  });

  it("are not acted on without a word about which", async () => {
    const { exitCode, stderr } = await turnpike("dead-letters", "discard");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/400 invalid_query: must name receipts/);
  });
});

describe("turnpike ledger", () => {
  const stack = useStack({ name: "postgres", redisUrl: undefined, shards: 1 });

  it("exits 1 when something is not accounted for, and 0 when everything is", async () => {
    const org = randomUUID();
    for (const answer of ["one", "two", "two"])
      await stack.settle(await stack.post(turnBody({ org, answer })));
    await waitUntil(async () => (await readLine(stack, org)).inFlight === 0, {
      what: "nothing is in flight",
    });
    const run = (...args: string[]) => runCommand(["ledger", "--url", stack.timelineUrl, ...args]);
    const sound = await run("--org", org, "--json");
    expect(sound.exitCode).toBe(0);
    expect(JSON.parse(sound.stdout)).toMatchObject({
      items: [{ orgId: org, accepted: 3, stored: 2, duplicate: 1, difference: 0 }],
    });
    // A turn that vanishes without a trace.
    await stack.sql`UPDATE ledger_counts SET count = count - 1 WHERE org_id = ${org} AND outcome = 'duplicate'`;
    const broken = await run();
    expect(broken.exitCode).toBe(1);
    expect(broken.stdout).toContain("1 not accounted for.");
  });

  it("says where it has asked when nobody answers", async () => {
    const { exitCode, stderr } = await runCommand(["ledger", "--url", "http://127.0.0.1:1"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("no answer from http://127.0.0.1:1");
  });
});
