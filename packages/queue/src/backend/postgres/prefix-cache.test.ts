import { expect, it } from "vitest";
import { createPartMemory } from "./prefix-cache.ts";

const partOf = (text: string): Buffer => Buffer.from(text.repeat(100));

it("keeps parts in memory of their own, once copied", () => {
  const memory = createPartMemory();
  const shared = partOf("a");
  expect(shared.buffer.byteLength).toBeGreaterThan(100);
  memory.put("1", [shared]);
  const [own] = memory.get("1");
  expect([own, own?.buffer.byteLength]).toEqual([shared, 100]);
  memory.put("1", [...memory.get("1"), partOf("b")]);
  expect(memory.get("1")).toEqual([shared, partOf("b")]);
  expect(memory.get("1")[0]).toBe(own);
});

it("forgets the list first that was asked for longest ago", () => {
  const memory = createPartMemory(250);
  memory.put("1", [partOf("a")]);
  memory.put("2", [partOf("b")]);
  expect(memory.get("1")).toEqual([partOf("a")]);
  memory.put("3", [partOf("c")]);
  expect(["1", "2", "3"].map((id) => memory.get(id).length)).toEqual([1, 0, 1]);
});
