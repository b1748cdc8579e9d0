import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { streamLines } from "./stream-lines.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-lines-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function readAll(content: string | Buffer, sizeBytes?: number) {
  const path = join(folder, "lines");
  await writeFile(path, content);
  const lines: { number: number; text: string | undefined; start: number; end: number }[] = [];
  for await (const { bytes, ...place } of streamLines(path, sizeBytes ?? (await stat(path)).size)) {
    lines.push({ ...place, text: bytes?.toString("utf8") });
  }
  return lines;
}

const textsOf = async (content: string | Buffer) => (await readAll(content)).map(({ text }) => text);

describe("streamLines", () => {
  it("gives lines with their numbers and places, the last one also without a line feed", async () => {
    expect(await readAll("a\n\nbc")).toEqual([
      { number: 1, text: "a", start: 0, end: 1 },
      { number: 3, text: "bc", start: 3, end: 5 },
    ]);
  });

  it("gives nothing for an empty file, or for one of blank lines", async () => {
    expect(await readAll("")).toEqual([]);
    expect(await readAll("\n \t\r\n\n")).toEqual([]);
  });

  it("leaves a carriage return on its line", async () => {
    expect(await textsOf("a\r\nb\r\n")).toEqual(["a\r", "b\r"]);
  });

  it("leaves out a byte order mark at the start, and only there", async () => {
    expect(await readAll("\ufeffa\n\ufeffb\n")).toEqual([
      { number: 1, text: "a", start: 3, end: 4 },
      { number: 2, text: "\ufeffb", start: 5, end: 9 },
    ]);
    expect(await readAll("\ufeff\n")).toEqual([]);
  });

  it("puts together what the reads have cut apart", async () => {
    const lines = Array.from({ length: 50 }, (_unused, index) => "é".repeat(index * 1_000 + 1));
    expect(await textsOf(`${lines.join("\n")}\n`)).toEqual(lines);
  });

  it("names a line that is too long without holding it", async () => {
    const limit = 16 * 1024 * 1024;
    const lines = await readAll(
      Buffer.concat([Buffer.from("a\n"), Buffer.alloc(limit + 1, 0x62), Buffer.from("\nc")]),
    );
    expect(lines).toEqual([
      { number: 1, text: "a", start: 0, end: 1 },
      { number: 2, text: undefined, start: 2, end: limit + 3 },
      { number: 3, text: "c", start: limit + 4, end: limit + 5 },
    ]);
    expect((await readAll(Buffer.alloc(limit, 0x62)))[0]?.text).toHaveLength(limit);
  });

  it("does not read beyond the size that it is given", async () => {
    expect((await readAll("a\nb\nc\n", 4)).map(({ text }) => text)).toEqual(["a", "b"]);
  });
});
