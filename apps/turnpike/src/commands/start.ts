import type { Command } from "commander";
import { loadConfig } from "@turnpike/kit/load-config";
import { createLogger } from "@turnpike/kit/logger";
import { onShutdown } from "@turnpike/kit/shutdown";
import { parsePort } from "../parse-option.ts";
import { runAll, type RunningAll } from "../run-all.ts";
import { type Env, Settings } from "../settings.ts";

const stderr = { write: (line: string) => void process.stderr.write(line) };
// Drain, then Postgres: what is running gets most of it.
const SHUTDOWN_DEADLINE_MS = 30_000;

/** The options of every command that runs all of Turnpike. */
export interface StartOptions {
  readonly dataDir: string;
  readonly host: string;
  readonly ingestPort: number;
  readonly timelinePort: number;
}

/** Add the options of a command that runs all of Turnpike. */
export function addStartOptions(command: Command): Command {
  return command
    .option("--data-dir <folder>", "where the embedded Postgres keeps its data", ".turnpike")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--ingest-port <port>", "port of the ingest app, 0 = any free one", parsePort, 8787)
    .option("--timeline-port <port>", "port of the timeline app, 0 = any free one", parsePort, 8788);
}

/** Start all of Turnpike and stop it on Ctrl-C or SIGTERM. Noteworthy lines and logs go to stderr: stdout is the command's own. */
export async function startAll(
  options: StartOptions,
  env: Env,
): Promise<RunningAll & { readonly stop: () => Promise<void> }> {
  const settings = loadConfig(Settings, env);
  const logger = createLogger({ level: settings.LOG_LEVEL, name: "turnpike", destination: stderr });
  const running = await runAll({
    ...options,
    settings,
    logger,
    say: (line) => process.stderr.write(`${line}\n`),
  });
  onShutdown({ logger, deadlineMs: SHUTDOWN_DEADLINE_MS, steps: running.stopSteps });
  return {
    ...running,
    async stop() {
      for (const step of running.stopSteps) await step.run(SHUTDOWN_DEADLINE_MS);
    },
  };
}

/** Add `turnpike start`. */
export function addStart(program: Command, env: Env): void {
  addStartOptions(program.command("start"))
    .description("run everything in one process, with a Postgres of its own when DATABASE_URL is not set")
    .option("--json", "print one line of JSON when both apps answer")
    .action(async (options: StartOptions & { json?: boolean }) => {
      const { ingestUrl, timelineUrl, dataDir } = await startAll(options, env);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ ready: true, ingest: ingestUrl, timeline: timelineUrl })}\n`
          : [
              "Turnpike is running.",
              `  post turns to   ${ingestUrl}/v1/ingest   (contract: ${ingestUrl}/docs)`,
              `  read them from  ${timelineUrl}/v1/sessions   (contract: ${timelineUrl}/docs)`,
              ...(dataDir === undefined ? [] : [`  data            ${dataDir}`]),
              "Ctrl-C stops it.\n",
            ].join("\n"),
      );
    });
}
