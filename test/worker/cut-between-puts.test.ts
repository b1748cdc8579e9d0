/** A turn without a session is put node by node: whatever statement a crash comes at, what is there is a chain's beginning. */
import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import { prepareTurn } from "@turnpike/domain/prepare/prepare-turn";
import { createPostgresStore, type PostgresStore } from "@turnpike/store/ingest/postgres-store";
import { ingestTurn } from "@turnpike/worker/jobs/ingest-turn";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createStatementCutter, type StatementCutter } from "../support/cut-after.ts";
import { checkInvariants } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";

const fixture = useStore();
let cutter: StatementCutter;
let store: PostgresStore;

beforeAll(async () => {
  cutter = await createStatementCutter(fixture.url);
  store = createPostgresStore({ url: cutter.url, maxConnections: 1 });
});

afterAll(async () => {
  await store.close();
  await cutter.close();
});

const silent = { info() {}, warn() {}, error() {} };
const wakes = { publish: () => {} };
const messages = ["one", "two", "three", "four"].map((content, index) => ({
  role: index % 2 === 0 ? "user" : "assistant",
  content,
}));
// Four messages, the response and the receipt.
const statements = 6;

/** Read which of a turn's nodes are stored, root first. */
async function readStored(orgId: string, hashes: readonly string[]): Promise<boolean[]> {
  const rows = await fixture.sql`SELECT hash FROM nodes WHERE org_id = ${orgId}`;
  const stored = new Set(rows.map((row) => row["hash"] as string));
  expect(stored.size).toBeLessThanOrEqual(hashes.length);
  return hashes.map((hash) => stored.has(hash));
}

it.each(
  Array.from({ length: statements }, (_unused, index) => [
    { k: index + 1, mode: "before" as const },
    { k: index + 1, mode: "after" as const },
  ]).flat(),
)(
  "a loss $mode statement $k leaves a valid beginning, which the next attempt completes",
  async ({ k, mode }) => {
    const orgId = randomUUID();
    const body = turnBody({ envelope: null, messages });
    const turn = { receipt: uuidv7(), orgId, requestId: "r", acceptedAt: "2026-11-21T07:10:00.000Z", body };
    const { nodes, facts } = prepareTurn(turn);
    const hashes = nodes.map((node) => node.hash);

    cutter.cutAtStatement(k, mode);
    const error = await ingestTurn({ store, log: silent, wakes }, turn).catch((reason: unknown) => reason);
    expect(cutter.wasCut()).toBe(true);
    expect(isAppError(error, "store_unavailable")).toBe(true);
    const done = mode === "before" ? k - 1 : k;
    expect(await readStored(orgId, hashes)).toEqual(hashes.map((_hash, index) => index < done));
    await checkInvariants(fixture.sql, orgId);
    const receipts = () => fixture.sql`SELECT head_hash FROM receipts WHERE org_id = ${orgId}`;
    expect(await receipts()).toHaveLength(done === statements ? 1 : 0);

    expect(await ingestTurn({ store, log: silent, wakes }, turn)).toBe("stored_without_session");
    expect(await readStored(orgId, hashes)).toEqual(hashes.map(() => true));
    expect(await receipts()).toMatchObject([{ head_hash: facts.headHash }]);
  },
);
