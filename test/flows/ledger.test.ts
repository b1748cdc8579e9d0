/** accepted = stored + duplicate + dead-lettered + in flight, read while turns of every kind flow. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { allBackends } from "../support/backends.ts";
import { runPool, type Stack, useStack } from "../support/stack.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

interface Ledger {
  readonly items: readonly (Readonly<Record<string, number>> & { readonly orgId: string })[];
  readonly total: Readonly<Record<string, number>>;
}

async function postEvents(stack: Stack, org: string, message: string): Promise<void> {
  const answer = await fetch(`${stack.ingestUrl}/v1/ingest/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      session: { org_id: org, harness_id: "claude", harness_session_id: "events" },
      // The same id with another body: dead.
      events: [{ id: "same", type: "run_started", message }],
    }),
  });
  expect(answer.status).toBe(202);
}

describe.each(allBackends())("the ledger on $name", (backend) => {
  const stack = useStack(backend);

  it("has no difference at any moment while turns are stored, repeated and refused", async () => {
    const orgs = [randomUUID(), randomUUID()];
    const work = Array.from({ length: 240 }, (_unused, index) => index);
    let isPosting = true;
    const posting = runPool(work, 8, (index) => {
      const org = orgs[index % 2] ?? "";
      return index % 8 === 0
        ? postEvents(stack, org, String(index))
        : stack.post(turnBody({ org, answer: String(index % 60) }));
    }).finally(() => {
      isPosting = false;
    });
    let readings = 0;
    while (isPosting) {
      const { items, total } = await stack.read<Ledger>("/v1/ledger");
      for (const {
        orgId,
        accepted = 0,
        stored = 0,
        duplicate = 0,
        deadLettered = 0,
        inFlight = 0,
        difference,
      } of items)
        expect([orgId, difference, accepted - stored - duplicate - deadLettered - inFlight]).toEqual([
          orgId,
          0,
          0,
        ]);
      expect(total["difference"]).toBe(0);
      readings += 1;
    }
    await posting;
    expect(readings).toBeGreaterThan(0);

    const end = await waitUntil(
      async () => {
        const { total } = await stack.read<Ledger>("/v1/ledger");
        expect(total["difference"]).toBe(0);
        return total["inFlight"] === 0 && total;
      },
      { what: "nothing is in flight" },
    );
    // Of each org's posts of events all but the first are in conflict with it.
    expect(end).toMatchObject({ accepted: 240, discarded: 0 });
    expect(end["deadLettered"]).toBeGreaterThan(0);
    expect(end["duplicate"]).toBeGreaterThan(0);
    const [rows] = await stack.sql`SELECT count(*)::int AS n FROM receipts`;
    expect(rows?.["n"]).toBe((end["stored"] ?? 0) + (end["duplicate"] ?? 0));

    const metrics = await (await fetch(`${stack.timelineUrl}/metrics`)).text();
    expect(metrics).toMatch(/^turnpike_ledger_difference\{app="timeline"\} 0$/m);
    expect(metrics).toContain(`turnpike_ledger_accepted{app="timeline"} 240`);
    expect(metrics).toContain(`turnpike_dead_letters{app="timeline"} ${end["deadLettered"]}`);
    expect(metrics).toMatch(/^turnpike_queue_jobs\{app="timeline"\} \d+$/m);
  });
});
