/** If a node is stored then so are its ancestors, at any moment: also while sessions that share it come and go. */
import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import { describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { checkInvariants } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation, turnBody } from "../support/turn-body.ts";
import { useEditor } from "../support/use-editor.ts";
import { waitUntil } from "../support/wait-until.ts";

const fixture = useStore();
const editor = useEditor(fixture);

const TURNS = 12;
const ROUNDS = 60;
const WRITERS = 6;

/** Two sessions say the same; the third turns off half-way. */
function sayAgain(org: string): string[][] {
  return [
    conversation({ org, session: "one", turns: TURNS }),
    conversation({ org, session: "two", turns: TURNS }),
    conversation({ org, session: "fork", turns: TURNS, forkAt: TURNS / 2 }),
  ];
}

async function deleteAny(org: string): Promise<boolean> {
  const [row] = await fixture.sql<{ id: string }[]>`
    SELECT id FROM sessions WHERE org_id = ${org} AND deleted_at IS NULL ORDER BY random() LIMIT 1`;
  if (row === undefined) return false;
  try {
    await editor().deleteSession(org, row.id);
    return true;
  } catch (error) {
    if (isAppError(error, "not_found")) return false;
    throw error;
  }
}

describe("deletion under load", () => {
  it("sessions are deleted over and over while the same conversations come in", async () => {
    const org = randomUUID();
    const bodies = sayAgain(org).flat();
    let deleted = 0;
    let writing = WRITERS;
    const write = async (): Promise<void> => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const body = bodies[Math.floor(Math.random() * bodies.length)] as string;
        await fixture.store.ingestTurns([prepare(body)]);
      }
      writing -= 1;
    };
    const erase = async (): Promise<void> => {
      while (writing > 0) deleted += (await deleteAny(org)) ? 1 : 0;
    };
    const watch = async (): Promise<void> => {
      while (writing > 0) await checkInvariants(fixture.sql, org);
    };
    await Promise.all([...Array.from({ length: WRITERS }, write), erase(), erase(), watch()]);
    expect(deleted).toBeGreaterThan(ROUNDS / 2);
    await checkInvariants(fixture.sql, org);

    while (await deleteAny(org));
    await checkInvariants(fixture.sql, org);
    expect(await fixture.sql`SELECT FROM nodes WHERE org_id = ${org}`).toHaveLength(0);
  });

  it("messages that come outside a session meanwhile keep their ancestors, and stay", async () => {
    for (let round = 0; round < 15; round += 1) {
      const org = randomUUID();
      const turns = conversation({ org, session: "one", turns: TURNS }).map((body) => prepare(body));
      const { nodes, facts } = turns.at(-1) as PreparedSessionTurn;
      await fixture.store.ingestTurns(turns);
      let isPutting = true;
      const put = async (): Promise<void> => {
        for (const node of nodes) {
          const { provider, agentName } = facts;
          const response = node.hash === facts.headHash ? facts : undefined;
          await fixture.store.putNode({ ...node, orgId: org, provider, agentName, response });
        }
        isPutting = false;
      };
      const erase = async (): Promise<void> => {
        while (isPutting) {
          await deleteAny(org);
          await checkInvariants(fixture.sql, org);
          await fixture.store.ingestTurns(
            conversation({ org, session: "one", turns: TURNS }).map((body) => prepare(body)),
          );
        }
      };
      await Promise.all([put(), erase()]);
      while (await deleteAny(org));
      await checkInvariants(fixture.sql, org);
      const left = await fixture.sql<{ hash: string }[]>`SELECT hash FROM nodes WHERE org_id = ${org}`;
      expect(left.map((row) => row.hash).sort()).toEqual(nodes.map((node) => node.hash).sort());
    }
  });

  it("a deletion waits for the turns that are under way, and turns wait for a deletion", async () => {
    const org = randomUUID();
    const [result] = await fixture.store.ingestTurns([prepare(turnBody({ org }))]);
    const waiting = async (): Promise<number> =>
      (
        await fixture.sql`
          SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      ).length;
    const inFlight: Promise<unknown>[] = [];
    await fixture.sql.begin(async (tx) => {
      await tx`SELECT pg_advisory_xact_lock_shared(hashtextextended(${`nodes:${org}`}, 0))`;
      inFlight.push(editor().deleteSession(org, result?.sessionId ?? ""));
      await waitUntil(async () => (await waiting()) === 1, { what: "the deletion waits for the turn" });
      inFlight.push(fixture.store.ingestTurns([prepare(turnBody({ org, answer: "another" }))]));
      await waitUntil(async () => (await waiting()) === 2, { what: "the next turn waits for the deletion" });
    });
    await Promise.all(inFlight);
    const rows =
      await fixture.sql`SELECT event_type FROM session_events WHERE org_id = ${org} ORDER BY sequence`;
    expect(rows.map((row) => row["event_type"])).toEqual([
      ...Array(4).fill("redacted"),
      "session_created",
      "message_received",
      "message_sent",
      "turn_completed",
    ]);
    await checkInvariants(fixture.sql, org);
  });
});
