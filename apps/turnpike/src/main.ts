/** The `turnpike` command: the only reader of its environment. */
import { endOnFault } from "@turnpike/kit/process/end-on-fault";
import { Command } from "commander";
import { addAudit } from "./commands/audit.ts";
import { addChain } from "./commands/chain.ts";
import { addDeadLetters } from "./commands/dead-letters.ts";
import { addDemo } from "./commands/demo.ts";
import { addImportEvents } from "./commands/import-events.ts";
import { addLedger } from "./commands/ledger.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addPartition } from "./commands/partition.ts";
import { addPost } from "./commands/post.ts";
import { addQueue } from "./commands/queue.ts";
import { addStart } from "./commands/start.ts";
import { VERSION } from "./version.ts";

/** One line per command. */
const commands = [
  addStart,
  addDemo,
  addPost,
  addChain,
  addLedger,
  addDeadLetters,
  addAudit,
  addImportEvents,
  addQueue,
  addMigrate,
  addPartition,
];

const say = (line: string): void => void process.stderr.write(`turnpike: ${line}\n`);
endOnFault({
  fatal: (reason, at) => say(at === undefined ? reason : `${reason}: ${at}`),
  warn: say,
});

const program = new Command("turnpike")
  .description("Takes in the turns of LLM agent sessions, exactly once, and serves their timelines.")
  .version(VERSION)
  .showHelpAfterError("(turnpike --help tells what there is)");
for (const addCommand of commands) addCommand(program, process.env);

try {
  await program.parseAsync();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
