import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { isAppError } from "@turnpike/domain/errors";
import { loadConfig } from "@turnpike/kit/process/load-config";
import { createEventImporter } from "@turnpike/store/events/event-importer";
import type { Command } from "commander";
import { importEventsFile, type ImportTally } from "../import/import-events-file.ts";
import { reasons } from "../import/parse-legacy-line.ts";
import { createSetAside, reasonsPathOf } from "../import/set-aside.ts";
import { parseUuid } from "../parse-option.ts";
import { type Env, Settings } from "../settings.ts";

interface ImportOptions {
  readonly org: string;
  readonly aside?: string;
}

/** Add `turnpike import events`. */
export function addImportEvents(program: Command, env: Env): void {
  program
    .command("import")
    .description("take in what other systems have left")
    .command("events")
    .argument(
      "<file>",
      "JSONL: {sessionId, event, timestamp} or {sessionId, eventType, createdAt, metadata} per line",
    )
    .description(
      "append the events of older logs to sessions that DATABASE_URL's database knows; repeating it is harmless",
    )
    .option("--org <uuid>", "the org of the sessions", parseUuid, NIL_UUID)
    .option(
      "--aside <file>",
      "where lines go that cannot be taken, as they are; why stands in <file>.reasons. Both are overwritten (default: <file>.set-aside.jsonl)",
    )
    .action((path: string, options: ImportOptions) => importEvents(path, options, env));
}

async function importEvents(path: string, options: ImportOptions, env: Env): Promise<void> {
  const { DATABASE_URL } = loadConfig(Settings, env);
  if (DATABASE_URL === undefined)
    throw new Error("DATABASE_URL must be set: which database is to take the events?");
  const asidePath = options.aside ?? `${path}.set-aside.jsonl`;
  const tally: ImportTally = { taken: 0, fresh: 0, aside: new Map(), lastLine: 0 };
  const setAside = await createSetAside(path, asidePath);
  const importer = createEventImporter(DATABASE_URL);
  try {
    await importEventsFile({ importer, setAside }, { path, orgId: options.org }, tally);
    process.stdout.write(describe(tally, asidePath));
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stdout.write(describe(tally, asidePath));
    throw new Error(
      `stopped after line ${tally.lastLine} of ${path} (${error.message}): run the same command again, what was taken stays taken once`,
      { cause: error },
    );
  } finally {
    await setAside.close();
    await importer.close();
  }
}

function describe({ taken, fresh, aside }: ImportTally, asidePath: string): string {
  const count = [...aside.values()].reduce((sum, one) => sum + one, 0);
  const lines = [
    `${taken} taken (${fresh} new, ${taken - fresh} there already), ${count} set aside`,
    ...[...aside].map(([reason, one]) => `  ${one} ${reason}: ${reasons[reason]}`),
    ...(count === 0 ? [] : [`  lines in ${asidePath}, reasons in ${reasonsPathOf(asidePath)}`]),
  ];
  return `${lines.join("\n")}\n`;
}
