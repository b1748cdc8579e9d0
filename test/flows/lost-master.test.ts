/** A master of the cluster is killed while turns flow, and comes back: every turn that was accepted is stored once. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { clusterBackends } from "../support/backends.ts";
import { useStack } from "../support/stack.ts";
import { turnBody } from "../support/turn-body.ts";
import { useCluster } from "../support/use-cluster.ts";
import { waitUntil } from "../support/wait-until.ts";

const SHARDS = 4;
const SESSIONS = 24;
// Of each session.
const TURNS = 40;
const RETRY_MS = 200;

interface Ledger {
  readonly total: Readonly<Record<"accepted" | "stored" | "duplicate" | "inFlight" | "difference", number>>;
}

describe.runIf(clusterBackends().length > 0)("turns on a cluster whose one master is killed", () => {
  const cluster = useCluster(SHARDS);
  const stack = useStack(cluster.backend);

  it("are refused or stored, each once; the ledger has no difference", async () => {
    const org = randomUUID();
    const receipts: string[] = [];
    const refused = new Set<number>();
    const post = async (session: number, turn: number): Promise<void> => {
      for (;;) {
        const answer = await fetch(`${stack.ingestUrl}/v1/ingest`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: turnBody({ org, session: `session-${session}`, answer: `answer ${turn}` }),
        });
        const { receipt } = (await answer.json()) as { receipt?: string };
        if (receipt !== undefined) {
          receipts.push(receipt);
          return;
        }
        expect(answer.status).toBe(503);
        refused.add(session);
        await sleep(RETRY_MS);
      }
    };
    const posting = Promise.all(
      Array.from({ length: SESSIONS }, async (_unused, session) => {
        for (let turn = 0; turn < TURNS; turn += 1) await post(session, turn);
      }),
    );
    const untilTaken = (count: number) =>
      waitUntil(() => receipts.length >= count, { what: `${count} turns are taken`, timeoutMs: 60_000 });
    await untilTaken(2 * SESSIONS);
    const [, node] = cluster.nodes;
    await node?.kill();
    await waitUntil(() => refused.size > 0, { what: "its sessions are refused" });
    await untilTaken(receipts.length + 2 * SESSIONS);
    await node?.restart();
    await posting;

    const { total } = await waitUntil(
      async () => {
        const ledger = await stack.read<Ledger>("/v1/ledger");
        return ledger.total.inFlight === 0 && ledger;
      },
      { what: "nothing is in flight", timeoutMs: 60_000 },
    );
    // An answer that was lost with the master may stand for a turn that was taken: it was sent again, and is a duplicate.
    expect(total).toMatchObject({ stored: SESSIONS * TURNS, difference: 0 });
    expect(total.accepted).toBe(total.stored + total.duplicate);
    const rows = await stack.sql`SELECT receipt FROM receipts WHERE org_id = ${org}`;
    expect(rows.map((row) => row["receipt"] as string)).toEqual(expect.arrayContaining(receipts));
    const [sums] = await stack.sql`SELECT sum(turn_count)::int AS n FROM sessions WHERE org_id = ${org}`;
    expect(sums?.["n"]).toBe(SESSIONS * TURNS);
  }, 180_000);
});
