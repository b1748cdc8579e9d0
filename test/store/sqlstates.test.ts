import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findNativeDir } from "@turnpike/embedded/server/find-native-dir";
import { sqlStateClasses } from "@turnpike/store/connection/sqlstate-verdicts";
import { expect, it } from "vitest";

it("every class of errors that PostgreSQL has is judged", async () => {
  const table = await readFile(
    join(findNativeDir(process.platform, process.arch), "share/postgresql/errcodes.txt"),
    "utf8",
  );
  const codes = table.match(/^[0-9A-Z]{5}(?= )/gm) ?? [];
  expect(codes.length).toBeGreaterThan(200);
  const classes = new Set(codes.map((code) => code.slice(0, 2)));
  expect([...classes].filter((each) => !(sqlStateClasses as readonly string[]).includes(each))).toEqual([]);
});
