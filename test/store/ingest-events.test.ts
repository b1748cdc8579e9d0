/** The transaction behind a post of lifecycle events: however often its job runs, it has one result and stores once. */
import { randomUUID } from "node:crypto";
import { prepareEvents } from "@turnpike/domain/prepare/prepare-events";
import { describe, expect, it } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { useStore } from "../support/store-fixture.ts";

const fixture = useStore();

const prepare = (org: string, events: readonly object[], session: object = {}, receipt = uuidv7()) =>
  prepareEvents({
    receipt,
    orgId: org,
    body: JSON.stringify({
      session: { harness_id: "claude", harness_session_id: "session-1", ...session },
      events,
    }),
  });
const readIds = async (org: string): Promise<unknown[]> =>
  (await fixture.sql`SELECT id FROM session_events WHERE org_id = ${org} ORDER BY sequence`).map(
    (row) => row["id"],
  );

describe("a post of events", () => {
  it("whose job runs again gives the first result and stores nothing, also without ids of its own", async () => {
    const org = randomUUID();
    const one = prepare(org, [{ type: "a" }, { type: "a", run_id: "r" }]);
    const first = await fixture.store.ingestEvents(one);
    expect(first).toMatchObject({ outcome: "stored", firstSequence: 1, lastSequence: 2 });
    await fixture.store.ingestEvents(prepare(org, [{ type: "b" }]));
    expect(await fixture.store.ingestEvents(one)).toEqual(first);
    expect(await readIds(org)).toHaveLength(3);
  });

  it("whose job runs many times at once does so too", async () => {
    const org = randomUUID();
    const one = prepare(
      org,
      Array.from({ length: 5 }, () => ({ type: "a" })),
    );
    const results = await Promise.all(Array.from({ length: 20 }, () => fixture.store.ingestEvents(one)));
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(results[0]).toMatchObject({ outcome: "stored", firstSequence: 1, lastSequence: 5 });
    expect(await readIds(org)).toHaveLength(5);
  });

  it("of two that race with the same ids takes each once", async () => {
    const org = randomUUID();
    const events = ["a", "b", "c"].map((id) => ({ id, type: "step" }));
    const results = await Promise.all(
      Array.from({ length: 10 }, () => fixture.store.ingestEvents(prepare(org, events))),
    );
    expect(results.filter(({ outcome }) => outcome === "stored")).toHaveLength(1);
    expect(await readIds(org)).toEqual(["a", "b", "c"]);
  });

  it("that conflicts leaves nothing behind: no event, no run, no session, no receipt", async () => {
    const org = randomUUID();
    const clash = [
      { id: "a", type: "step", run_id: "r" },
      { id: "a", type: "other" },
    ];
    await expect(fixture.store.ingestEvents(prepare(org, clash))).rejects.toMatchObject({
      code: "event_conflict",
    });
    for (const table of ["sessions", "session_events", "runs", "receipts"]) {
      expect(await fixture.sql`SELECT 1 FROM ${fixture.sql(table)} WHERE org_id = ${org}`).toHaveLength(0);
    }
  });

  it("with metadata as deep as is allowed is known again", async () => {
    const org = randomUUID();
    const metadata = JSON.parse(`${'{"a":'.repeat(512)}1${"}".repeat(512)}`) as object;
    const events = [{ id: "deep", type: "step", metadata }];
    expect((await fixture.store.ingestEvents(prepare(org, events))).outcome).toBe("stored");
    expect((await fixture.store.ingestEvents(prepare(org, events))).outcome).toBe("duplicate");
  });

  it("takes ids, runs and keys of the greatest length", async () => {
    const org = randomUUID();
    const event = { id: "語".repeat(200), type: "a".repeat(100), run_id: "語".repeat(200) };
    const session = { harness_id: "語".repeat(200), harness_session_id: "語".repeat(500) };
    expect((await fixture.store.ingestEvents(prepare(org, [event], session))).outcome).toBe("stored");
  });

  it("that is late does not undo what the session has learnt since", async () => {
    const org = randomUUID();
    const events = [{ id: "a", type: "step" }];
    await fixture.store.ingestEvents(prepare(org, events, { cwd: "/old" }));
    await fixture.store.ingestEvents(prepare(org, [{ type: "step" }], { cwd: "/new" }));
    await fixture.store.ingestEvents(prepare(org, events, { cwd: "/old", name: "named late" }));
    const [row] = await fixture.sql`SELECT cwd, name FROM sessions WHERE org_id = ${org}`;
    expect(row).toEqual({ cwd: "/new", name: "named late" });
  });
});
