import { randomUUID } from "node:crypto";
import { validate, version } from "uuid";
import { expect, it } from "vitest";
import { makeUuidV7 } from "./uuid-v7.ts";

it("a UUIDv7 begins with its time and ends in random bits", () => {
  const random = randomUUID();
  const id = makeUuidV7(0x0199f7a26c7e, random);
  expect(id).toBe(`0199f7a2-6c7e-7${random.slice(15)}`);
  expect([validate(id), version(id)]).toEqual([true, 7]);
});

it("UUIDv7s sort by their times, also those of long ago", () => {
  const times = [0, 1, 1_795_693_595_508, 1_795_693_595_509, 2 ** 48 - 1];
  const ids = times.map((time) => makeUuidV7(time, randomUUID()));
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) expect(validate(id)).toBe(true);
});
