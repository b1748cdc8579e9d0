/** What a bundle says when it cannot start or go on: one line, and exit code 1. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BundledApp, bundleOf } from "../support/bundle-of.ts";
import { type ProcessOptions, useProcesses } from "../support/spawn.ts";

// Nothing listens on port 1.
const NOWHERE = "postgres://me:hunter2@127.0.0.1:1/db";
const APPS = ["ingest", "worker", "timeline"] as const;

const processes = useProcesses();
let folder: string;
let holder: Server;
let takenPort: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-bad-start-"));
  holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  takenPort = String((holder.address() as { port: number }).port);
});

afterAll(async () => {
  holder?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function run(
  app: BundledApp,
  options: ProcessOptions,
): Promise<{ exitCode: number | null; output: string }> {
  const env = { DATABASE_URL: NOWHERE, REDIS_URL: undefined, PORT: "0", HOST: "127.0.0.1", ...options.env };
  const started = processes.start(bundleOf(app), { ...options, env });
  return { exitCode: (await started.ended).exitCode, output: started.output() };
}

/** A file that Node.js loads before an app, and that does something to it once it runs. */
async function meddle(name: string, code: string): Promise<{ NODE_OPTIONS: string }> {
  const file = join(folder, name);
  await writeFile(file, code);
  return { NODE_OPTIONS: `--import ${pathToFileURL(file).href}` };
}

function onlyLine(output: string): Record<string, unknown> {
  expect(output.trimEnd().split("\n")).toHaveLength(1);
  return JSON.parse(output) as Record<string, unknown>;
}

describe.each(APPS)("%s, which cannot start", (app) => {
  it("names every bad variable with its rule in one line of the log, and prints no value", async () => {
    const bad = { DATABASE_URL: "http://hunter2@host", LOG_LEVEL: "hunter2", PORT: "hunter2" };
    const { exitCode, output } = await run(app, { env: bad });
    expect(exitCode).toBe(1);
    expect(onlyLine(output)).toMatchObject({ level: "fatal", app, event: "fault" });
    expect(output).toContain("PORT must be a whole number from 0 to 65535");
    expect(output).toContain("LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent");
    expect(output).toContain("DATABASE_URL must be a postgres:// URL");
    expect(output).not.toContain("hunter2");
  });

  it("names the port that is in use in one line of the log", async () => {
    const { exitCode, output } = await run(app, { env: { PORT: takenPort, LOG_LEVEL: "fatal" } });
    expect(exitCode).toBe(1);
    const msg = `cannot listen on 127.0.0.1:${takenPort}: the port is in use; choose another, or stop what holds it`;
    expect(onlyLine(output)).toMatchObject({ level: "fatal", app, msg });
  });
});

describe.each(APPS)("%s, when something throws that nobody catches", (app) => {
  it.each([
    ["an error", `throw new SyntaxError("hunter2")`],
    ["a rejection", `void Promise.reject(new SyntaxError("hunter2"))`],
  ])("ends with one line that says where, and not what: %s", async (_kind, code) => {
    const env = await meddle("throws.mjs", `setTimeout(() => { ${code} }, 1_500);`);
    const { exitCode, output } = await run(app, { env: { ...env, LOG_LEVEL: "fatal" } });
    expect(exitCode).toBe(1);
    const { at, ...line } = onlyLine(output);
    expect(line).toMatchObject({ level: "fatal", app, event: "fault", msg: "an unexpected fault" });
    expect(at).toMatch(/^SyntaxError at .*throws\.mjs/);
    expect(output).not.toContain("hunter2");
  });

  it("puts what Node.js warns of into the log", async () => {
    const env = await meddle(
      "warns.mjs",
      `setTimeout(() => process.emitWarning("old", "DeprecationWarning"), 1_500);
       setTimeout(() => { throw 1; }, 1_700);`,
    );
    const { output } = await run(app, { env: { ...env, LOG_LEVEL: "fatal" } });
    const lines = output.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg).toSorted()).toEqual([
      "DeprecationWarning: old",
      "an unexpected fault",
    ]);
  });
});

describe("turnpike, which cannot start or go on", () => {
  it("says why in one plain line", async () => {
    const { exitCode, output } = await run("turnpike", {
      args: ["start"],
      env: { CONCURRENCY: "hunter2", MAX_DECODED_BYTES: "hunter2" },
    });
    expect(exitCode).toBe(1);
    expect(output).toBe(
      "turnpike: the configuration is not valid: MAX_DECODED_BYTES must be a whole number from 1024 to 268435456; " +
        "CONCURRENCY must be a whole number from 1 to 1000\n",
    );
  });

  it("says in one line where something was thrown that nobody caught", async () => {
    const silent = `postgres://127.0.0.1:${takenPort}/db`;
    const env = await meddle(
      "throws-soon.mjs",
      `setTimeout(() => { throw new SyntaxError("hunter2"); }, 1_500);`,
    );
    const { exitCode, output } = await run("turnpike", {
      args: ["start"],
      env: { ...env, DATABASE_URL: silent },
    });
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^turnpike: an unexpected fault: SyntaxError at [^\n]*throws-soon\.mjs[^\n]*\n$/);
  });
});
