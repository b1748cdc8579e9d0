/** Bodies on which fzstd does not end, or not for hours, and the threads that they are to give back. */
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createZstdDecoder, type ZstdDecoder } from "./zstd-decoder.ts";

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const WINDOW_128_KIB = 7 << 3;
const RAW = 0;
const COMPRESSED = 2;

/** Write a frame whose blocks, below 8 KiB each, are all of one type. */
function frameOf(type: number, ...contents: (readonly number[])[]): Buffer {
  const blocks = contents.flatMap((content, at) => {
    const isLast = at === contents.length - 1 ? 1 : 0;
    return [((content.length << 3) & 0xff) | (type << 1) | isLast, content.length >> 5, 0, ...content];
  });
  return Buffer.from([...MAGIC, 0, WINDOW_128_KIB, ...blocks]);
}

/**
 * Huffman weights by an FSE table in which one symbol has all of the probability: a state takes no bits to come to the next, so
 * that the stream of weights never runs out.
 */
const endlessWeights = [
  // One literal, Huffman in one stream; tree and stream are 5 bytes.
  0x12, 0x40, 0x01,
  // Weights in 4 bytes: 32 states of symbol 0, then the two first states.
  4, 0xf0, 0x03, 0x00, 0x04,
  // No sequences.
  0,
];

/** Sequences that copy 65,539 bytes each, whatever the block's size; their tables are one symbol each, which takes no bits. */
function copies(sequences: number): number[] {
  const few = [128 + (sequences >> 8), sequences & 0xff];
  const many = [255, (sequences - 0x7f00) & 0xff, (sequences - 0x7f00) >> 8];
  const ONE_SYMBOL_EACH = 0b01_01_01_00;
  const LONGEST_MATCH = 52;
  return [0, ...(sequences < 0x7f00 ? few : many), ONE_SYMBOL_EACH, 0, 0, LONGEST_MATCH, 1];
}

const endless = frameOf(COMPRESSED, endlessWeights);
const hello = frameOf(RAW, [...Buffer.from("hello, ")], [...Buffer.from("what a long greeting")]);

async function inflate(decoder: ZstdDecoder, body: Uint8Array): Promise<string> {
  const inflated: Uint8Array[] = [];
  for await (const chunk of decoder(pieceByPiece(body))) inflated.push(chunk);
  return Buffer.concat(inflated).toString();
}

async function* pieceByPiece(...pieces: Uint8Array[]) {
  yield* pieces;
}

/** Count the turns that a timer gets until something settles. */
async function countTurns(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 5);
  await work.catch(() => undefined);
  clearInterval(timer);
  return turns;
}

describe("createZstdDecoder", () => {
  it.each([
    ["Huffman weights without end", endless],
    ["a block that copies gigabytes", frameOf(COMPRESSED, copies(98_047))],
    ["many blocks that each copy for a while", frameOf(COMPRESSED, ...Array(400).fill(copies(1_000)))],
  ])("gives up %s by the deadline, keeps nobody waiting meanwhile, and goes on", async (_, body) => {
    const decoder = createZstdDecoder({ maxThreads: 1, deadlineMs: 500 });
    const startedAt = performance.now();
    const outcome = inflate(decoder, body);
    const [turns] = await Promise.all([
      countTurns(outcome),
      expect(outcome).rejects.toThrow("within its time"),
    ]);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(turns).toBeGreaterThan(20);
    expect(await inflate(decoder, hello)).toBe("hello, what a long greeting");
  });

  it("lets bodies have a thread in order", async () => {
    const decoder = createZstdDecoder({ maxThreads: 1, deadlineMs: 500 });
    const outcomes: string[] = [];
    const bodies = [endless, frameOf(RAW, [0x32]), endless, frameOf(RAW, [0x34])];
    const keep = (outcome: string): unknown => outcomes.push(outcome);
    await Promise.all(bodies.map((body) => inflate(decoder, body).then(keep, () => keep("refused"))));
    expect(outcomes).toEqual(["refused", "2", "refused", "4"]);
  });

  it("takes no thread for a body that has not come whole", async () => {
    const decoder = createZstdDecoder({ maxThreads: 1 });
    const others = new EventEmitter();
    const slow = async function* () {
      yield hello.subarray(0, -1);
      await once(others, "ended");
      yield hello.subarray(-1);
    };
    const [first] = await Promise.all([
      decoder(slow()).next(),
      inflate(decoder, hello).then(() => others.emit("ended")),
    ]);
    expect(first.done).toBe(false);
  });

  it("gets the thread back from a consumer that stops early", async () => {
    const decoder = createZstdDecoder({ maxThreads: 1 });
    for await (const chunk of decoder(pieceByPiece(hello))) {
      expect(Buffer.from(chunk).toString()).toBe("hello, ");
      break;
    }
    expect(await inflate(decoder, hello)).toBe("hello, what a long greeting");
  });

  it("keeps no process alive by an idle thread", async () => {
    const script = `
      import { inflateZstd } from ${JSON.stringify(new URL("zstd-decoder.ts", import.meta.url).href)};
      const body = Buffer.from("${hello.toString("hex")}", "hex");
      const bodies = async function* () { yield body };
      for await (const chunk of inflateZstd(bodies())) process.stdout.write(chunk);`;
    const args = ["--import", "tsx", "--input-type=module", "--eval", script];
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const child = spawn(process.execPath, args, {
      cwd,
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 20_000,
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (data: string) => (output += data));
    expect(await once(child, "close")).toEqual([0, null]);
    expect(output).toBe("hello, what a long greeting");
  }, 30_000);
});
