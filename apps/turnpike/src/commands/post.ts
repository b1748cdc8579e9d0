import { SingleBar, Presets } from "cli-progress";
import type { Command } from "commander";
import { parseCount } from "../parse-option.ts";
import { postTurn } from "../post-turn.ts";
import { type LineFile, openLines } from "../read-lines.ts";
import { shuffle } from "../shuffle.ts";

const MAX_SHOWN_REJECTIONS = 10;

interface PostOptions {
  readonly url: string;
  readonly shuffle?: number;
  readonly repeat: number;
  readonly concurrency: number;
}

interface Tally {
  accepted: number;
  retries: number;
  readonly rejections: string[];
}

/** Add `turnpike post`. */
export function addPost(program: Command): void {
  program
    .command("post")
    .argument("<file>", "JSONL: the body of one turn per line")
    .description("post turns to a running Turnpike; posting them again, in any order, is harmless")
    .option("--url <url>", "where to post to", "http://127.0.0.1:8787/v1/ingest")
    .option("--shuffle <seed>", "post in an order that this number decides", parseCount)
    .option("--repeat <n>", "post each turn this many times", parseCount, 1)
    .option("--concurrency <n>", "turns under way at a time", parseCount, 8)
    .action(async (path: string, options: PostOptions) => {
      const lines = await openLines(path);
      try {
        const isClean = await postAll(lines, options);
        if (!isClean) process.exitCode = 1;
      } finally {
        await lines.close();
      }
    });
}

async function postAll(lines: LineFile, options: PostOptions): Promise<boolean> {
  const once = Array.from({ length: lines.count }, (_unused, index) => index);
  const all = Array.from({ length: options.repeat }, () => once).flat();
  const order = options.shuffle === undefined ? all : shuffle(all, options.shuffle);
  const bar = new SingleBar(
    { format: "{bar} {value}/{total} turns, {rate}/s", stream: process.stderr, hideCursor: true },
    Presets.shades_classic,
  );
  const tally: Tally = { accepted: 0, retries: 0, rejections: [] };
  const started = performance.now();
  const ratePerSecond = (done: number) => Math.round(done / ((performance.now() - started) / 1_000 || 1));
  let next = 0;
  let done = 0;
  bar.start(order.length, 0, { rate: 0 });
  try {
    await Promise.all(
      Array.from({ length: options.concurrency }, async () => {
        for (let index = order[next++]; index !== undefined; index = order[next++]) {
          await postLine(lines, index, options.url, tally);
          done += 1;
          bar.update(done, { rate: ratePerSecond(done) });
        }
      }),
    );
  } finally {
    bar.stop();
  }
  report(tally, (performance.now() - started) / 1_000);
  return tally.rejections.length === 0;
}

async function postLine(lines: LineFile, index: number, url: string, tally: Tally): Promise<void> {
  const result = await postTurn(url, await lines.read(index));
  tally.retries += result.retries;
  if (result.outcome === "accepted") tally.accepted += 1;
  else tally.rejections.push(`line ${lines.numberOf(index)}: ${result.status} ${result.message}`);
}

function report(tally: Tally, seconds: number): void {
  const { accepted, rejections, retries } = tally;
  process.stdout.write(
    `${accepted} accepted, ${rejections.length} rejected, ${retries} retries, ${seconds.toFixed(1)} s\n`,
  );
  for (const rejection of rejections.slice(0, MAX_SHOWN_REJECTIONS)) process.stdout.write(`  ${rejection}\n`);
  const hidden = rejections.length - MAX_SHOWN_REJECTIONS;
  if (hidden > 0) process.stdout.write(`  … and ${hidden} more\n`);
}
