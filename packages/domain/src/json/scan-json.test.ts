import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "./json.ts";
import {
  MAX_BODY_CONTAINERS,
  MAX_BODY_DEPTH,
  MAX_BODY_NAMES,
  MAX_BODY_VALUES,
  scanJson,
} from "./scan-json.ts";

const TOO_DEEP = "nested deeper than 520 levels";
const TOO_MANY = "more than 1000000 values";
const TOO_MANY_CONTAINERS = "more than 200000 values that are objects or arrays";
const TOO_MANY_NAMES = "more than 200000 different names of members";

const nested = (open: string, depth: number): string => open.repeat(depth);

function countValues(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, child: JsonValue) => sum + countValues(child), 1);
}

function depthOf(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Of text and of its UTF-8 it must say the same. */
function scanBoth(json: string): ReturnType<typeof scanJson> {
  const seen = scanJson(Buffer.from(json));
  const { excess, values, members } = scanJson(json);
  expect(excess).toBe(seen.excess);
  if (excess === undefined)
    expect({ values, members }).toEqual({ values: seen.values, members: seen.members });
  return seen;
}

describe("looking over JSON", () => {
  it("counts values as parsing makes them, whatever stands in their strings", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.string({
        unit: fc.constantFrom('"', "\\", "[", "{", ",", "]", "x", "\n", "é", "🐞"),
        maxLength: 60,
      }),
    );
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: "medium" },
        fc.constantFrom<JsonValue>(null, true, 0, -1.5e300, [], {}),
        text,
        fc.array(tie("value"), { maxLength: 6 }),
        fc.dictionary(text, tie("value"), { maxKeys: 5 }).map((object) => ({ ...object })),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1, "\t\r\n"), (made, indent) => {
        const json = JSON.stringify(made, undefined, indent);
        expect(scanBoth(json)).toMatchObject({ excess: undefined, values: countValues(JSON.parse(json)) });
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([65_535, 65_536, 65_537, 131_072])(
    "goes on where it was in a string, and behind a backslash, after %i characters",
    (length) => {
      for (const end of ["x", "\\\\", '\\"', '\\\\\\"', "🐞"])
        for (const before of [1, 2, 3]) {
          const json = JSON.stringify(["[{", 1, ["a"]]).replace(
            "[{",
            "[{" + "-".repeat(length - 3 - before) + end + '\\",{,[',
          );
          expect(scanBoth(json)).toMatchObject({ excess: undefined, values: countValues(JSON.parse(json)) });
        }
    },
  );

  it.each(["[", '{"a":', ' [ \n{ "" : '])("takes %j as deep as the bound, and no deeper", (open) => {
    const levels = open.includes("{ ") ? 2 : 1;
    expect(scanBoth(nested(open, MAX_BODY_DEPTH / levels)).excess).toBeUndefined();
    expect(scanBoth(nested(open, MAX_BODY_DEPTH / levels + 1)).excess).toBe(TOO_DEEP);
    expect(depthOf(JSON.parse(nested("[", MAX_BODY_DEPTH) + "]".repeat(MAX_BODY_DEPTH)))).toBe(
      MAX_BODY_DEPTH,
    );
  });

  it.each(["0", '""', "null", '"\\",["'])("takes as many %s as the bound, and no more", (item) => {
    const list = (count: number): string => `[${Array.from({ length: count }, () => item).join(",")}]`;
    expect(scanBoth(list(MAX_BODY_VALUES - 1))).toMatchObject({
      excess: undefined,
      values: MAX_BODY_VALUES,
    });
    expect(scanBoth(list(MAX_BODY_VALUES)).excess).toBe(TOO_MANY);
  });

  it.each([
    ["[]", MAX_BODY_CONTAINERS, TOO_MANY_CONTAINERS],
    ["{ }", MAX_BODY_CONTAINERS, TOO_MANY_CONTAINERS],
  ])("takes as many %s as their own bound, and no more", (item, bound, excess) => {
    const list = (count: number): string => `[${Array.from({ length: count }, () => item).join(",")}]`;
    expect(scanBoth(list(bound - 1)).excess).toBeUndefined();
    expect(scanBoth(list(bound)).excess).toBe(excess);
  });

  it("takes any number of members, but not of different names", () => {
    const object = (count: number, nameOf: (index: number) => string): string =>
      `{${Array.from({ length: count }, (_, index) => `"${nameOf(index)}" : 0`).join(",")}}`;
    expect(scanBoth(object(900_000, (index) => `name ${index % 60}`)).excess).toBeUndefined();
    // Both ends of the names alike, and of two objects the same ones.
    const long = (index: number): string => `${"n".repeat(20)}${index}${"n".repeat(20)}`;
    expect(scanBoth(object(190_000, long)).excess).toBeUndefined();
    expect(scanBoth(object(MAX_BODY_NAMES + 100, long)).excess).toBe(TOO_MANY_NAMES);
    expect(scanBoth(`[${object(300, long)},${object(300, long)}]`).excess).toBeUndefined();
  });

  it.each(['"', '"\\', "[", "]]]]", "{,,,}", "\ufeff[", '["\\', "", " ", '"a" "b'])("ends on %j", (json) => {
    expect(scanBoth(json).excess).toBeUndefined();
  });

  it("is not misled by bytes that are no UTF-8, nor by a byte order mark", () => {
    const lead = Buffer.from([0xef, 0xbb, 0xbf, 0x5b, 0x22, 0xe2, 0x82, 0x22]);
    const { excess } = scanJson(Buffer.concat([lead, Buffer.from(`,${nested("[", MAX_BODY_DEPTH)}`)]));
    expect(excess).toBe(TOO_DEEP);
  });
});
