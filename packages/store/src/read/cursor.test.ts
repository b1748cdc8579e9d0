import { isAppError } from "@turnpike/domain/errors";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const refusalOf = (scope: string, cursor: string): string | false => {
  try {
    decodeCursor(scope, cursor);
    return false;
  } catch (error) {
    return isAppError(error, "invalid_query") && error.message;
  }
};
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a cursor", () => {
  it("gives back the key that it was made of, in its own scope", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (scope, key) => {
        expect(decodeCursor(scope, encodeCursor(scope, key))).toEqual(key);
      }),
    );
  });

  it("can stand in a query string as it is", () => {
    expect(encodeCursor("a?b&c=d", ["2026-11-21T07:10:00.123456Z", "ä🐞"])).toMatch(/^[\w-]+$/);
  });

  it("of another scope is refused", () => {
    expect(refusalOf("b", encodeCursor("a", ["1"]))).toBe(
      "cursor: belongs to a query with other filters or another sort",
    );
  });

  it.each([
    "",
    "x",
    "%%%",
    encode(null),
    encode([]),
    encode({ scope: "a" }),
    encode({ scope: "a", key: [1] }),
    encode({ key: ["1"] }),
  ])("that is none is refused: %j", (cursor) => {
    expect(refusalOf("a", cursor)).toBe("cursor: not a cursor of this route");
  });

  it("that was cut or changed never passes as another one of the scope by accident", () => {
    const cursor = encodeCursor("a", ["2026-11-21T07:10:00.123456Z"]);
    for (let length = 0; length < cursor.length; length += 1) {
      expect(refusalOf("a", cursor.slice(0, length))).not.toBe(false);
    }
  });
});
