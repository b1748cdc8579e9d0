/** Turns and events that were accepted before their fields were bounded are stored as they are. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";
import { useWorkerProcesses } from "./worker-processes.ts";

describe.each(queueBackends())("a worker on $name", (backend) => {
  const workers = useWorkerProcesses(backend);

  it("stores a turn whose fields the door would refuse today", async () => {
    const org = randomUUID();
    const [name, metadata] = ["n".repeat(10_000), { large: "m".repeat(400_000) }];
    const body = turnBody({
      org,
      envelope: { harness_metadata: metadata },
      messages: [{ role: name, content: "hello" }],
      response: { model: name, stop_reason: name, extra: metadata },
    });
    await workers.accept(org, [body]);
    const { process } = await workers.start();
    const turns = await waitUntil(
      async () => {
        const rows = await workers.sql`
          SELECT t.model, t.stop_reason, s.harness_metadata FROM turns t JOIN sessions s ON s.id = t.session_id
          WHERE t.org_id = ${org}`;
        return rows.length === 1 && rows;
      },
      { what: "the turn is stored" },
    );
    expect(turns[0]).toMatchObject({ model: name, stop_reason: name, harness_metadata: metadata });
    expect(await workers.sql`SELECT 1 FROM dead_letters WHERE org_id = ${org}`).toHaveLength(0);
    await process.kill("SIGTERM");
  });
});
