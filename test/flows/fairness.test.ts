import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { useStack } from "../support/stack.ts";
import { waitUntil } from "../support/wait-until.ts";

// So many wait whenever a light turn is posted, however fast they are stored.
const BACKLOG = 20_000;
const TURNS_PER_BATCH = 500;
const LIGHT_TURNS = 20;
const MAX_LATENCY_MS = 2_000;
// What a worker has taken already when a turn comes, many times over.
const MAX_OVERTAKING = 2_000;

function turnOf(orgId: string, session: string, text: string) {
  return {
    provider: "anthropic",
    request: { model: "m", messages: [{ role: "user", content: text }] },
    response: { model: "m", message: { role: "assistant", content: [{ type: "text", text: "yes" }] } },
    session: { org_id: orgId, harness_id: "claude", harness_session_id: session },
  };
}

describe.each(queueBackends())("an org that floods the queue on $name", (backend) => {
  const stack = useStack(backend);

  it("queues behind itself: another org's turns are stored within two seconds", async () => {
    const [flooding, light] = [randomUUID(), randomUUID()];
    const count = async (orgId: string): Promise<number> => {
      const [row] = await stack.sql`SELECT count(*)::int AS n FROM receipts WHERE org_id = ${orgId}`;
      return Number(row?.["n"]);
    };
    let flooded = 0;
    const flood = async (): Promise<void> => {
      const turns = Array.from({ length: TURNS_PER_BATCH }, (_unused, index) =>
        turnOf(flooding, `flood-${index % 50}`, `${flooded}-${index}`),
      );
      const answer = await fetch(`${stack.ingestUrl}/v1/ingest/batch`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ turns }),
      });
      expect(answer.status).toBe(202);
      flooded += TURNS_PER_BATCH;
    };
    const latencies: number[] = [];
    const overtaking: number[] = [];
    for (let turn = 1; turn <= LIGHT_TURNS; turn += 1) {
      let storedBefore = await count(flooding);
      while (flooded - storedBefore < BACKLOG) {
        await flood();
        storedBefore = await count(flooding);
      }
      const postedAt = performance.now();
      await stack.post(JSON.stringify(turnOf(light, "light", `turn ${turn}`)));
      await waitUntil(async () => (await count(light)) === turn, { what: "the turn is stored" });
      latencies.push(performance.now() - postedAt);
      overtaking.push((await count(flooding)) - storedBefore);
    }
    // Otherwise it would have proved nothing.
    expect(await count(flooding)).toBeLessThan(flooded);
    expect(latencies.toSorted((left, right) => left - right)[Math.floor(LIGHT_TURNS * 0.95)]).toBeLessThan(
      MAX_LATENCY_MS,
    );
    // Only what was running already is stored before it.
    expect(Math.max(...overtaking)).toBeLessThan(MAX_OVERTAKING);
  });
});
