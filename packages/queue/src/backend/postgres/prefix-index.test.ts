import { createHash } from "node:crypto";
import type { BodyToEnqueue } from "@turnpike/domain/ports/ports";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSharedLists, type SharedLists, type SplitBody } from "./prefix-index.ts";

type Wanted = Pick<BodyToEnqueue, "body" | "group" | "list"> & { readonly body: Buffer };

/** A body whose list holds these messages, marked as whoever parses it marks them. */
function bodyOf(messages: readonly string[], { group = "g", head = '{"m":', rest = ',"r":1}' } = {}): Wanted {
  const list = messages.map((text) => JSON.stringify(text)).join(",");
  const ends = messages.map((_text, at) =>
    Buffer.byteLength(
      messages
        .slice(0, at + 1)
        .map((text) => JSON.stringify(text))
        .join(","),
    ),
  );
  const bytes = Buffer.from(list);
  const marks = ends.map((end) => ({
    end,
    digest: createHash("sha256").update(bytes.subarray(0, end)).digest("binary"),
  }));
  const start = Buffer.byteLength(head) + 1;
  return { body: Buffer.from(`${head}[${list}]${rest}`), group, list: { start, marks } };
}

const said = (count: number, of = "a"): string[] =>
  Array.from({ length: count }, (_unused, at) => `${of} ${at} `.repeat(20));

/** What the database does: a list gets its parts in order, and a body whose parts are not all there is refused. */
class Store {
  readonly lists = new Map<string, Buffer[]>();

  put({ listId, lastPart, part }: SplitBody): boolean {
    const parts = this.lists.get(listId) ?? [];
    if (part !== undefined) {
      if (parts.length !== lastPart) return false;
      this.lists.set(listId, [...parts, part]);
    }
    return (this.lists.get(listId)?.length ?? 0) > lastPart;
  }

  join({ listId, lastPart, at, rest }: SplitBody): Buffer {
    const parts = this.lists.get(listId) ?? [];
    return Buffer.concat([rest.subarray(0, at), ...parts.slice(0, lastPart + 1), rest.subarray(at)]);
  }
}

/** Put a body in, whole or split; how much of it was sent. */
function putIn(lists: SharedLists, store: Store, wanted: Wanted): number {
  const split = lists.split(wanted);
  if (split === undefined) return wanted.body.length;
  expect(store.put(split)).toBe(true);
  split.end(true);
  expect(store.join(split)).toEqual(wanted.body);
  return split.rest.length + (split.part?.length ?? 0);
}

const SMALL = { minBytes: 100 };

describe("what turns of a session share", () => {
  it("is sent once: each turn brings what is new of it", () => {
    const [lists, store] = [createSharedLists(SMALL), new Store()];
    const sent = [2, 4, 6, 8, 200].map((count) => putIn(lists, store, bodyOf(said(count))));
    const whole = [2, 4, 6, 8, 200].map((count) => bodyOf(said(count)).body.length);
    expect(sent[0]).toBe(whole[0]);
    // Of each two messages, and what stands around the list.
    const frame = bodyOf([]).body.length;
    expect(sent.slice(1)).toEqual([1, 2, 3, 4].map((at) => (whole[at] ?? 0) - (whole[at - 1] ?? 0) + frame));
    expect(store.lists.size).toBe(1);
  });

  it("is referred to when a turn is sent again, or comes late", () => {
    const [lists, store] = [createSharedLists(SMALL), new Store()];
    for (const count of [4, 6, 8]) putIn(lists, store, bodyOf(said(count)));
    for (const count of [8, 6, 4])
      expect(putIn(lists, store, bodyOf(said(count)))).toBe(bodyOf([]).body.length);
    expect([...store.lists.values()].map(({ length }) => length)).toEqual([3]);
  });

  it("is a list of its own where a conversation leaves another early, and part of it where it leaves late", () => {
    const [lists, store] = [createSharedLists(SMALL), new Store()];
    for (const count of [4, 8]) putIn(lists, store, bodyOf(said(count)));
    putIn(lists, store, bodyOf([...said(4), ...said(1, "b")]));
    expect(store.lists.size).toBe(1);
    putIn(lists, store, bodyOf([...said(4), ...said(9, "b")]));
    expect(store.lists.size).toBe(2);
    // Whatever the head says: only the list counts.
    expect(
      putIn(lists, store, bodyOf([...said(4), ...said(10, "b")], { head: '{"other":1,"m":' })),
    ).toBeLessThan(300);
    expect(store.lists.size).toBe(2);
  });

  it("is not looked for in another group", () => {
    const [lists, store] = [createSharedLists(SMALL), new Store()];
    for (const group of ["g", "h"]) putIn(lists, store, bodyOf(said(4), { group }));
    expect(store.lists.size).toBe(2);
  });

  it("is left in the body where it is short, unknown, or belongs to no group", () => {
    const lists = createSharedLists({ minBytes: 1_000 });
    const long = bodyOf(said(20));
    expect(lists.split(bodyOf(said(2)))).toBeUndefined();
    expect(lists.split(bodyOf([]))).toBeUndefined();
    expect(lists.split({ ...long, list: undefined })).toBeUndefined();
    expect(lists.split({ ...long, group: undefined })).toBeUndefined();
    expect(lists.split({ ...long, body: long.body.toString() })).toBeUndefined();
    expect(lists.split(long)).toBeDefined();
  });

  it("grows by one turn at a time: what comes beside it brings its own", () => {
    const [lists, store] = [createSharedLists(SMALL), new Store()];
    const first = lists.split(bodyOf(said(4)));
    expect(lists.split(bodyOf(said(6)))).toBeUndefined();
    expect(first && store.put(first)).toBe(true);
    first?.end(true);
    const [grows, beside] = [lists.split(bodyOf(said(6))), lists.split(bodyOf(said(7)))];
    expect([grows?.lastPart, beside?.lastPart]).toEqual([1, 0]);
    expect([grows?.part?.length, beside?.part]).toEqual([expect.any(Number), undefined]);
    expect(beside && store.put(beside) && store.join(beside)).toEqual(bodyOf(said(7)).body);
  });

  it("is forgotten when it is not known whether it is in, and told once nothing is on its way", () => {
    const [lists, store] = [createSharedLists(SMALL), new Store()];
    putIn(lists, store, bodyOf(said(4)));
    const [grows, beside] = [lists.split(bodyOf(said(6))), lists.split(bodyOf(said(6)))];
    grows?.end(false);
    expect(lists.takeForgotten(1)).toEqual([]);
    beside?.end(true);
    expect(lists.takeForgotten(1)).toEqual([grows?.listId]);
    expect(lists.takeForgotten(1)).toEqual([]);
    expect(lists.split(bodyOf(said(8)))?.listId).not.toBe(grows?.listId);
  });

  it("is forgotten when it did not grow for too long", () => {
    let nowMs = 0;
    const [lists, store] = [createSharedLists({ ...SMALL, maxAgeMs: 1_000 }, () => nowMs), new Store()];
    putIn(lists, store, bodyOf(said(4)));
    nowMs = 900;
    putIn(lists, store, bodyOf(said(6)));
    nowMs = 1_900;
    putIn(lists, store, bodyOf(said(6)));
    expect(store.lists.size).toBe(1);
    nowMs = 1_901;
    putIn(lists, store, bodyOf(said(8)));
    expect(store.lists.size).toBe(2);
    expect(lists.takeForgotten(1)).toHaveLength(1);
  });

  it("takes so much at most: what was used last is kept, and what is on its way", () => {
    const store = new Store();
    const bytes = bodyOf(said(4)).body.length;
    for (const bound of [{ maxBytes: 3 * bytes }, { maxParts: 3 }]) {
      const lists = createSharedLists({ ...SMALL, ...bound });
      const put = (group: string): unknown => putIn(lists, store, bodyOf(said(4), { group }));
      for (const group of ["a", "b", "c"]) put(group);
      const onItsWay = lists.split(bodyOf(said(4), { group: "a" }));
      put("b");
      put("d");
      // a is on its way, b was used after c.
      const known = ["a", "b", "c", "d"].filter(
        (group) => lists.split(bodyOf(said(4), { group }))?.part === undefined,
      );
      expect(known).toEqual(["a", "b", "d"]);
      expect(lists.takeForgotten(1)).toHaveLength(1);
      onItsWay?.end(true);
    }
  });

  it("comes out as it went in, and nothing is referred to that is not there, whatever fails", () => {
    const messages = fc.array(fc.constantFrom("x".repeat(60), "y".repeat(90), "🕷️".repeat(9), "z"), {
      maxLength: 12,
    });
    const step = fc.record({
      // Whether the conversation goes on, or another one begins.
      keep: fc.nat({ max: 12 }),
      more: messages,
      head: fc.constantFrom('{"m":', '{"session":"ü","m":'),
      outcome: fc.constantFrom("in", "in", "in", "lost", "in, but not known"),
      // How many others are sent before this one is answered.
      takes: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [lists, store] = [createSharedLists({ ...SMALL, maxParts: 9 }), new Store()];
        let talk: string[] = [];
        let pending: { due: number; end: () => void }[] = [];
        for (const [at, { keep, more, head, outcome, takes }] of steps.entries()) {
          talk = [...talk.slice(0, keep), ...more];
          const wanted = bodyOf(talk, { head });
          const split = lists.split(wanted);
          if (split !== undefined && outcome !== "lost") {
            expect(store.put(split)).toBe(true);
            expect(store.join(split)).toEqual(wanted.body);
          }
          if (split !== undefined) pending.push({ due: at + takes, end: () => split.end(outcome === "in") });
          for (const { due, end } of pending) if (due <= at) end();
          pending = pending.filter(({ due }) => due > at);
          for (const id of lists.takeForgotten(1)) store.lists.delete(id);
        }
      }),
      { numRuns: 500 },
    );
  });
});
