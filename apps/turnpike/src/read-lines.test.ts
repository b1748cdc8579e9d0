import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLines } from "./read-lines.ts";

const MIB = 1024 * 1024;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-lines-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function readAll(content: string | Buffer): Promise<{ number: number; text: string }[]> {
  const path = join(folder, "lines.jsonl");
  await writeFile(path, content);
  const lines = await openLines(path);
  try {
    const indexes = Array.from({ length: lines.count }, (_unused, index) => index);
    return await Promise.all(
      indexes.map(async (index) => ({ number: lines.numberOf(index), text: await lines.read(index) })),
    );
  } finally {
    await lines.close();
  }
}

describe("the lines of a file", () => {
  it("are read with or without a line break at the end", async () => {
    const expected = [
      { number: 1, text: "{}" },
      { number: 2, text: "[]" },
    ];
    expect(await readAll("{}\n[]\n")).toEqual(expected);
    expect(await readAll("{}\n[]")).toEqual(expected);
  });

  it("that are blank are left out, and the others keep their numbers", async () => {
    expect(await readAll("\n{}\n  \n\t\r\n[]\n\n")).toEqual([
      { number: 2, text: "{}" },
      { number: 5, text: "[]" },
    ]);
  });

  it("may end in CR LF", async () => {
    const lines = await readAll('{"a":1}\r\n{"a":2}\r\n');
    expect(lines.map(({ text }) => JSON.parse(text) as unknown)).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("are none in an empty file", async () => {
    expect(await readAll("")).toEqual([]);
    expect(await readAll("\n")).toEqual([]);
  });

  it("hold characters of several bytes, wherever the file is cut for reading", async () => {
    for (let shift = 0; shift < 4; shift += 1) {
      const first = `${"x".repeat(MIB - 2 - shift)}🐞`;
      expect(await readAll(`${first}\n🐞é\n`)).toEqual([
        { number: 1, text: first },
        { number: 2, text: "🐞é" },
      ]);
    }
  });

  it("may be longer than what is read at a time, and break right at its border", async () => {
    const [long, border] = ["y".repeat(3 * MIB + 5), "z".repeat(MIB - 1)];
    expect(await readAll(`${border}\n${long}\nend`)).toEqual([
      { number: 1, text: border },
      { number: 2, text: long },
      { number: 3, text: "end" },
    ]);
  });

  it("can be read in any order, and there is none beyond the last", async () => {
    const path = join(folder, "order.jsonl");
    await writeFile(path, "a\nb\nc\n");
    const lines = await openLines(path);
    expect([await lines.read(2), await lines.read(0)]).toEqual(["c", "a"]);
    await expect(lines.read(3)).rejects.toThrow(RangeError);
    await lines.close();
  });

  it("of a file that is not there are an error that names it", async () => {
    await expect(openLines(join(folder, "missing.jsonl"))).rejects.toThrow("missing.jsonl");
  });
});
