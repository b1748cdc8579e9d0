import type { DeadLetter } from "@turnpike/domain/ports/ports";
import { createDeadLetters, type DeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll } from "vitest";
import type { StoreFixture } from "./store-fixture.ts";

/** Make a dead letter of a job that nobody has looked into. */
export function deadLetter(facts: Partial<DeadLetter> & Pick<DeadLetter, "orgId">): DeadLetter {
  return {
    receipt: uuidv7(),
    jobName: "ingest-turn",
    code: "store_rejected",
    reason: "database: 22P02",
    attempts: 1,
    firstFailedAt: "2026-11-21T08:00:00.000Z",
    lastFailedAt: "2026-11-21T08:00:01.000Z",
    acceptedAt: "2026-11-21T07:59:59.000Z",
    requestId: "request-1",
    job: new TextEncoder().encode('{"name":"ingest-turn"}'),
    isWhole: true,
    ...facts,
  };
}

/** Open the dead letters of a fixture's database, for the suite it is called in. */
export function useDeadLetters(fixture: Pick<StoreFixture, "url">): () => DeadLetters {
  let letters: DeadLetters | undefined;
  beforeAll(() => {
    letters = createDeadLetters({ url: fixture.url, maxConnections: 8 });
  });
  afterAll(() => letters?.close());
  return () => {
    if (letters === undefined) throw new Error("the dead letters are used before the tests run");
    return letters;
  };
}
