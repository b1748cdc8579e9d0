import { AppError } from "@turnpike/domain/errors";
import type { EventsResult, SessionStore, TurnResult } from "@turnpike/domain/ports/ports";
import type { PreparedEvents } from "@turnpike/domain/prepare/prepare-events";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import { describe, expect, it } from "vitest";
import { noteSuccesses } from "./note-successes.ts";

type End = "stored" | "duplicate" | "failed" | "away";

/** A store of which each call ends as it is told, a second after the one before. */
function useStore() {
  let clock = 0;
  let end: End = "stored";
  const act = <T>(result: T): Promise<T> => {
    clock += 1_000;
    if (end === "failed") return Promise.reject(new AppError("store_failed", "database: XX000"));
    if (end === "away") return Promise.reject(new AppError("store_unavailable", "database: 28000"));
    return Promise.resolve(result);
  };
  const store = noteSuccesses(
    {
      capability: "sessions",
      ingestTurns: () => act([{ outcome: end } as TurnResult]),
      ingestEvents: () => act({ outcome: end } as EventsResult),
      putNode: () => act(undefined),
      putReceipt: () => act(undefined),
    },
    () => clock,
  ) as SessionStore;
  const ways = {
    turn: () => store.ingestTurns([{} as PreparedSessionTurn]),
    events: () => store.ingestEvents({} as PreparedEvents),
    node: () => store.putNode({} as Parameters<SessionStore["putNode"]>[0]),
    receipt: () => store.putReceipt({} as Parameters<SessionStore["putReceipt"]>[0]),
  };
  return async (way: keyof typeof ways, as: End): Promise<AppError | undefined> => {
    end = as;
    return ways[way]().then(
      () => undefined,
      (error: unknown) => error as AppError,
    );
  };
}

describe("a store that keeps account", () => {
  it("says of a failure how long ago another went well, and nothing when none did", async () => {
    const run = useStore();
    expect((await run("turn", "failed"))?.othersWentWellMsAgo).toBeUndefined();
    await run("turn", "stored");
    expect((await run("turn", "failed"))?.othersWentWellMsAgo).toBe(1_000);
    expect(await run("turn", "failed")).toMatchObject({ code: "store_failed", othersWentWellMsAgo: 2_000 });
  });

  it("does not count duplicates, which write nothing", async () => {
    const run = useStore();
    await run("turn", "duplicate");
    expect((await run("turn", "failed"))?.othersWentWellMsAgo).toBeUndefined();
  });

  it("keeps turns, events and turns without a session apart", async () => {
    const run = useStore();
    await run("events", "stored");
    await run("receipt", "stored");
    expect((await run("turn", "failed"))?.othersWentWellMsAgo).toBeUndefined();
    expect((await run("events", "failed"))?.othersWentWellMsAgo).toBe(3_000);
    expect((await run("node", "failed"))?.othersWentWellMsAgo).toBe(3_000);
  });

  it("leaves every other failure as it is", async () => {
    const run = useStore();
    await run("turn", "stored");
    expect(await run("turn", "away")).toMatchObject({
      code: "store_unavailable",
      othersWentWellMsAgo: undefined,
    });
  });
});
