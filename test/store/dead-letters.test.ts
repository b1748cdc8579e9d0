import { randomUUID } from "node:crypto";
import { AppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { deadLetter, useDeadLetters } from "../support/dead-letter.ts";
import { prepare } from "../support/prepare.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";

const fixture = useStore();
const letters = useDeadLetters(fixture);

const emptyQueue = { isQueued: () => Promise.resolve(false), replay: () => Promise.resolve() };
const stateOf = async (orgId: string, receipt: string) => (await letters().find(orgId, receipt))?.state;
const entry = (orgId: string) => (discarded: number) => ({
  actor: "ada",
  action: "dead_letters.discard",
  orgId,
  details: { discarded },
});

async function store(orgId: string, receipt: string): Promise<void> {
  await fixture.store.ingestTurns([prepare(turnBody({ org: orgId, answer: receipt }), receipt)]);
}

describe("putting a dead letter", () => {
  it("20 times at once leaves one, which counts all attempts and knows the first and the last failure", async () => {
    const orgId = randomUUID();
    const receipt = uuidv7();
    const puts = Array.from({ length: 20 }, (_unused, index) =>
      letters().put(
        deadLetter({
          orgId,
          receipt,
          attempts: 2,
          firstFailedAt: `2026-11-21T08:00:${10 + index}.000Z`,
          lastFailedAt: `2026-11-21T09:00:${10 + index}.000Z`,
        }),
      ),
    );
    expect(new Set(await Promise.all(puts))).toEqual(new Set(["dead"]));
    const { items } = await letters().list({ orgId, limit: 10 });
    expect(items).toMatchObject([
      {
        receipt,
        state: "dead",
        attempts: 40,
        firstFailedAt: "2026-11-21T08:00:10.000000Z",
        lastFailedAt: "2026-11-21T09:00:29.000000Z",
      },
    ]);
  });

  it("of a receipt that has its row writes nothing", async () => {
    const orgId = randomUUID();
    const receipt = uuidv7();
    await store(orgId, receipt);
    expect(await letters().put(deadLetter({ orgId, receipt }))).toBe("settled");
    expect(await letters().find(orgId, receipt)).toBeUndefined();
  });

  it("keeps the job byte for byte, and another org's receipt apart", async () => {
    const [orgId, other, receipt] = [randomUUID(), randomUUID(), uuidv7()];
    const job = Uint8Array.from({ length: 100_000 }, (_unused, index) => index % 256);
    await letters().put(deadLetter({ orgId, receipt, job }));
    expect(await letters().put(deadLetter({ orgId: other, receipt, job: new Uint8Array() }))).toBe("dead");
    const found = await letters().get(orgId, receipt);
    expect(found?.jobBytes).toBe(100_000);
    expect(Buffer.compare(found?.job ?? new Uint8Array(), job)).toBe(0);
  });

  it("without its body takes the place of none that has it, however that one ended", async () => {
    const orgId = randomUUID();
    const whole = deadLetter({ orgId, code: "event_conflict", job: Buffer.from("with its body") });
    const rest = { ...whole, code: "unreadable_job", job: Buffer.from("without"), isWhole: false } as const;
    const read = async () => {
      const found = await letters().get(orgId, whole.receipt);
      return [found?.state, found?.code, found?.job && Buffer.from(found.job).toString()];
    };
    // Alone it is all that there is.
    expect(await letters().put(rest)).toBe("dead");
    expect(await letters().put(rest)).toBe("dead");
    expect(await read()).toEqual(["dead", "unreadable_job", "without"]);
    expect(await letters().put(whole)).toBe("dead");
    expect(await letters().put(rest)).toBe("settled");
    expect(await read()).toEqual(["dead", "event_conflict", "with its body"]);
    await letters().replay(emptyQueue, { orgId, receipt: whole.receipt });
    expect(await letters().put(rest)).toBe("settled");
    expect(await read()).toEqual(["replaying", "event_conflict", "with its body"]);
    expect(await letters().put(whole)).toBe("dead");
    expect(await letters().discard([whole], entry(orgId))).toBe(1);
    expect(await letters().put(rest)).toBe("settled");
    expect((await read())[0]).toBe("discarded");
  });

  it("that was replayed or discarded makes it dead again", async () => {
    const orgId = randomUUID();
    const letter = deadLetter({ orgId });
    await letters().put(letter);
    expect(await letters().replay(emptyQueue, letter)).toBe("replayed");
    expect(await stateOf(orgId, letter.receipt)).toBe("replaying");
    await letters().put(letter);
    expect(await stateOf(orgId, letter.receipt)).toBe("dead");
    expect(await letters().discard([letter], entry(orgId))).toBe(1);
    expect(await stateOf(orgId, letter.receipt)).toBe("discarded");
    expect((await letters().get(orgId, letter.receipt))?.job).toBeNull();
    await letters().put(letter);
    expect(await letters().get(orgId, letter.receipt)).toMatchObject({
      state: "dead",
      attempts: 3,
      replays: 1,
    });
    expect((await letters().get(orgId, letter.receipt))?.job).not.toBeNull();
  });
});

describe("a letter whose receipt has got its row", () => {
  it("is resolved, is neither replayed nor discarded, and loses its job when it is tidied", async () => {
    const orgId = randomUUID();
    const letter = deadLetter({ orgId });
    const waiting = deadLetter({ orgId });
    await letters().put(letter);
    await letters().put(waiting);
    await store(orgId, letter.receipt);
    expect(await stateOf(orgId, letter.receipt)).toBe("resolved");
    expect(await letters().replay(emptyQueue, letter)).toBe("resolved");
    expect(await letters().discard([letter], entry(orgId))).toBe(0);
    await Promise.all([letters().tidy(), letters().tidy(), letters().tidy()]);
    expect((await letters().get(orgId, letter.receipt))?.job).toBeNull();
    expect((await letters().get(orgId, waiting.receipt))?.job).not.toBeNull();
    expect(await letters().tidy()).toBe(0);
  });
});

describe("replaying a letter", () => {
  it("leaves it alone while its job is in the queue, and puts it back when the queue has lost it", async () => {
    const letter = deadLetter({ orgId: randomUUID() });
    await letters().put(letter);
    const full = { ...emptyQueue, isQueued: () => Promise.resolve(true) };
    expect(await letters().replay(full, letter)).toBe("replaying");
    expect(await stateOf(letter.orgId, letter.receipt)).toBe("dead");
    expect(await letters().replay(emptyQueue, letter)).toBe("replayed");
    expect(await letters().replay(full, letter)).toBe("replaying");
    expect(await letters().replay(emptyQueue, letter)).toBe("replayed");
    expect(await letters().find(letter.orgId, letter.receipt)).toMatchObject({ replays: 2 });
  });

  it("twenty times at once puts its job back once", async () => {
    const letter = deadLetter({ orgId: randomUUID() });
    await letters().put(letter);
    let queued = 0;
    const queue = {
      isQueued: () => Promise.resolve(queued > 0),
      replay: () => Promise.resolve(void (queued += 1)),
    };
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => letters().replay(queue, letter)));
    expect(outcomes.filter((outcome) => outcome === "replayed")).toHaveLength(1);
    expect(queued).toBe(1);
  });

  it("whose job fails again before the mark is written leaves it dead", async () => {
    const letter = deadLetter({ orgId: randomUUID() });
    await letters().put(letter);
    let failingAgain: Promise<unknown> | undefined;
    const queue = {
      ...emptyQueue,
      // A worker that is faster than the commit: it waits for the letter's row.
      replay: () => Promise.resolve(void (failingAgain = letters().put({ ...letter, code: "broken_chain" }))),
    };
    expect(await letters().replay(queue, letter)).toBe("replayed");
    await failingAgain;
    expect(await letters().find(letter.orgId, letter.receipt)).toMatchObject({
      state: "dead",
      code: "broken_chain",
      replays: 1,
    });
  });

  it("leaves it as it was when the queue is away", async () => {
    const letter = deadLetter({ orgId: randomUUID() });
    await letters().put(letter);
    const away = {
      ...emptyQueue,
      replay: () => Promise.reject(new AppError("queue_unavailable", "away")),
    };
    await expect(letters().replay(away, letter)).rejects.toMatchObject({ code: "queue_unavailable" });
    expect(await letters().find(letter.orgId, letter.receipt)).toMatchObject({ state: "dead", replays: 0 });
  });

  it("finds no letter of another org, nor one that was discarded", async () => {
    const letter = deadLetter({ orgId: randomUUID() });
    await letters().put(letter);
    expect(await letters().replay(emptyQueue, { ...letter, orgId: randomUUID() })).toBe("unknown");
    await letters().discard([letter], entry(letter.orgId));
    expect(await letters().replay(emptyQueue, letter)).toBe("discarded");
  });
});

describe("selecting and counting letters", () => {
  it("by org, code and time, a page at a time, each once", async () => {
    const [orgId, other] = [randomUUID(), randomUUID()];
    for (let index = 0; index < 12; index += 1) {
      await letters().put(
        deadLetter({
          orgId: index < 10 ? orgId : other,
          code: index % 2 === 0 ? "broken_chain" : "internal",
          lastFailedAt: `2026-11-21T08:00:0${index % 3}.000Z`,
        }),
      );
    }
    const filter = { orgId, code: "broken_chain" as const };
    const [first] = (await letters().list({ orgId: other, limit: 1 })).items;
    expect(first?.orgId).toBe(other);

    const seen: string[] = [];
    const shown: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await letters().list({ orgId, limit: 3, cursor });
      shown.push(...page.items.map(({ lastFailedAt }) => lastFailedAt));
      seen.push(...page.items.map(({ receipt }) => receipt));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(10);
    expect(shown).toEqual(shown.toSorted().toReversed());

    const span = { since: "2026-11-21T08:00:01.000000Z", until: "2026-11-21T08:00:02.000000Z" };
    const middle = await letters().list({ orgId, limit: 50, ...span });
    expect(new Set(middle.items.map(({ lastFailedAt }) => lastFailedAt))).toEqual(
      new Set(["2026-11-21T08:00:01.000000Z"]),
    );
    expect(await letters().survey(filter)).toEqual({
      byState: { dead: 5, replaying: 0, discarded: 0, resolved: 0 },
      byCode: [{ code: "broken_chain", count: 5 }],
      byOrg: [{ orgId, count: 5 }],
      unknown: 0,
    });

    const selected: string[] = [];
    let after: string | undefined;
    for (let hasMore = true; hasMore;) {
      const page = await letters().select(filter, ["dead"], { limit: 2, cursor: after });
      selected.push(...page.keys.map(({ receipt }) => receipt));
      const last = page.keys.at(-1);
      if (last !== undefined) after = page.cursorAfter(last);
      ({ hasMore } = page);
    }
    expect(selected).toHaveLength(5);
    expect(selected).toEqual(selected.toSorted());
    await expect(letters().select({ orgId }, ["dead"], { limit: 2, cursor: after })).rejects.toMatchObject({
      code: "invalid_query",
    });
  });
});

describe("the audit log", () => {
  it.each([
    ["UPDATE", "UPDATE audit_log SET actor = 'x'"],
    ["DELETE", "DELETE FROM audit_log"],
    ["TRUNCATE", "TRUNCATE audit_log"],
  ])("refuses %s", async (_name, statement) => {
    await letters().writeAudit({ actor: "ada", action: "test.act", orgId: randomUUID(), details: {} });
    await expect(fixture.sql.unsafe(statement)).rejects.toMatchObject({ code: "42501" });
  });

  it("lists acts the newest first, of one org or of all; hostile text is kept as far as it can be", async () => {
    const orgId = randomUUID();
    for (const actor of ["ada", "bob", "nul\0"]) {
      await letters().writeAudit({ actor, action: "test.act", orgId, details: { text: "\ud800" } });
    }
    const first = await letters().listAudit({ orgId, limit: 2 });
    const second = await letters().listAudit({ orgId, limit: 2, cursor: first.nextCursor ?? "" });
    expect([...first.items, ...second.items].map(({ actor }) => actor)).toEqual(["nul\ufffd", "bob", "ada"]);
    expect(second.nextCursor).toBeNull();
    expect((await letters().listAudit({ limit: 1 })).items[0]?.orgId).toBe(orgId);
  });
});
