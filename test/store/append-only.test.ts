import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";

const fixture = useStore();

it.each([
  ["UPDATE", "UPDATE session_events SET message = 'x'"],
  ["DELETE", "DELETE FROM session_events"],
  ["TRUNCATE", "TRUNCATE session_events"],
  [
    "what was once let through by a setting",
    "SET turnpike.erasing = 'on'; UPDATE session_events SET message = 'x'",
  ],
])("the database refuses %s of events", async (_name, statement) => {
  const org = randomUUID();
  await fixture.store.ingestTurns([prepare(turnBody({ org }))]);
  await expect(fixture.sql.unsafe(statement)).rejects.toMatchObject({ code: "42501" });
  const rows = await fixture.sql`SELECT FROM session_events WHERE org_id = ${org}`;
  expect(rows).toHaveLength(4);
});
