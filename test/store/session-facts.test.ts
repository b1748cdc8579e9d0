import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";

const fixture = useStore();

async function ingest(
  org: string,
  answer: string,
  envelope: Readonly<Record<string, unknown>>,
): Promise<void> {
  await fixture.store.ingestTurns([prepare(turnBody({ org, answer, envelope }))]);
}

async function facts(org: string) {
  const [row] = await fixture.sql`
    SELECT auth_subject, harness_version, cwd, name, harness_metadata FROM sessions WHERE org_id = ${org}`;
  return { ...row };
}

describe("the facts of a session", () => {
  it("a turn that leaves a fact out does not erase it; one that names it wins", async () => {
    const org = randomUUID();
    await ingest(org, "1", { auth_subject: "ada", cwd: "/a", name: "first", harness_version: "1.0" });
    await ingest(org, "2", { auth_subject: "", cwd: " ", name: "second" });
    expect(await facts(org)).toMatchObject({
      auth_subject: "ada",
      cwd: "/a",
      name: "second",
      harness_version: "1.0",
    });
  });

  it("metadata is merged key by key, last write wins, whatever the keys", async () => {
    const org = randomUUID();
    await ingest(org, "1", { harness_metadata: { kept: 1, changed: { old: true } } });
    await ingest(org, "2", { harness_metadata: JSON.parse('{"changed":{"new":[1]},"__proto__":"own"}') });
    const { harness_metadata: metadata } = await facts(org);
    expect(JSON.stringify(metadata)).toBe(
      '{"kept": 1}'.replaceAll(" ", "").replace("}", "") + ',"changed":{"new":[1]},"__proto__":"own"}',
    );
  });

  it("a late retry fills blanks but never undoes a newer fact", async () => {
    const org = randomUUID();
    await ingest(org, "1", { name: "old", harness_metadata: { key: "old" } });
    await ingest(org, "2", { name: "new", harness_metadata: { key: "new" } });
    await ingest(org, "1", { name: "old", cwd: "/found", harness_metadata: { key: "old", more: true } });
    expect(await facts(org)).toMatchObject({
      name: "new",
      cwd: "/found",
      harness_metadata: { key: "new", more: true },
    });
  });
});
