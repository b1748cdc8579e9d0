import { parseArgs } from "node:util";
import { z } from "zod";
import { type Size, TURNS_OF_SIZE } from "./bodies.ts";
import { LOAD_CONCURRENCY } from "./run/run-load.ts";

const MEASUREMENTS = ["accept", "store", "cost", "latency", "memory"] as const;
const BACKENDS = ["redis", "postgres", "redis-everysec"] as const;
const DEFAULT_BACKENDS: readonly Backend[] = ["redis", "postgres"];
const SIZES = Object.keys(TURNS_OF_SIZE) as [Size, ...Size[]];

/** Where the queue lies, and whether a Redis syncs its file at each write or each second. */
export type Backend = (typeof BACKENDS)[number];

const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => (typeof value === "string" ? value.split(",") : value), z.array(item).min(1));
const whole = z.coerce.number().int().min(1);

const Options = z.object({
  only: listOf(z.enum(MEASUREMENTS)).default([...MEASUREMENTS]),
  backend: listOf(z.enum(BACKENDS)).default([...DEFAULT_BACKENDS]),
  /** Numbers of worker processes. */
  workers: listOf(whole).default([1, 2, 4]),
  sizes: listOf(z.enum(SIZES)).default(SIZES),
  /** That post at a time where accepting is measured. */
  clients: listOf(whole).default([LOAD_CONCURRENCY, 1]),
  rounds: whole.default(3),
  /** Of one run of turns of 35 kB, half as many of 170 kB; rounded up to whole sessions. */
  turns: whole.default(8_000),
  /** Of the run that watches memory. */
  "memory-turns": whole.default(50_000),
  /** Of each worker process. */
  concurrency: whole.default(50),
  /** Write a CPU profile of each process of the product. */
  profile: z.boolean().default(false),
  /** Print the figures as JSON as well. */
  json: z.boolean().default(false),
});

/** What is to be measured, and how. */
export type Options = z.output<typeof Options>;

/**
 * Read the command line.
 * @throws Error that names what is wrong with it.
 */
export function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: text,
      backend: text,
      workers: text,
      sizes: text,
      clients: text,
      rounds: text,
      turns: text,
      "memory-turns": text,
      concurrency: text,
      profile: flag,
      json: flag,
    },
  });
  const read = Options.safeParse(values);
  if (!read.success) throw new Error(z.prettifyError(read.error));
  return read.data;
}
