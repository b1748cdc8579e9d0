import type { Command } from "commander";
import { createLogger } from "@turnpike/kit/process/logger";
import { onShutdown } from "@turnpike/kit/process/shutdown";
import { loadAppConfigs } from "../app-configs.ts";
import { parsePort } from "../parse-option.ts";
import { runAll, type RunningAll } from "../run-all.ts";
import type { Env } from "../settings.ts";

const stderr = { write: (line: string) => void process.stderr.write(line) };
// Of a stop, for the embedded Postgres, beside what the apps have.
const DATABASE_DEADLINE_MS = 10_000;

/** The options of every command that runs all of Turnpike. */
export interface StartOptions {
  readonly dataDir: string;
  readonly host: string;
  readonly allowedHosts?: string;
  readonly ingestPort: number;
  readonly timelinePort: number;
}

/** Add the options of a command that runs all of Turnpike. */
export function addStartOptions(command: Command): Command {
  return command
    .option("--data-dir <folder>", "where the embedded Postgres keeps its data", ".turnpike")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option(
      "--allowed-hosts <names>",
      "host names to answer to beside localhost, with commas between (ALLOWED_HOSTS)",
    )
    .option("--ingest-port <port>", "port of the ingest app, 0 = any free one", parsePort, 8787)
    .option("--timeline-port <port>", "port of the timeline app, 0 = any free one", parsePort, 8788);
}

/** Start all of Turnpike and stop it on Ctrl-C or SIGTERM. Noteworthy lines and logs go to stderr: stdout is the command's own. */
export async function startAll(
  options: StartOptions,
  env: Env,
): Promise<RunningAll & { readonly stop: () => Promise<void> }> {
  const configs = loadAppConfigs(env, options);
  const { LOG_LEVEL } = configs.settings;
  const logger = createLogger({ level: LOG_LEVEL, name: "turnpike", destination: stderr });
  const running = await runAll({
    configs,
    dataDir: options.dataDir,
    logger,
    say: (line) => process.stderr.write(`${line}\n`),
    onDatabaseLost(error) {
      process.stderr.write(`turnpike: ${error.message}\n`);
      process.exit(1);
    },
  });
  // Drain, then Postgres: what is running gets most of it.
  const deadlineMs = configs.worker.SHUTDOWN_DEADLINE_MS + DATABASE_DEADLINE_MS;
  onShutdown({ logger, deadlineMs, steps: running.stopSteps });
  return {
    ...running,
    async stop() {
      for (const step of running.stopSteps) await step.run(deadlineMs);
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
