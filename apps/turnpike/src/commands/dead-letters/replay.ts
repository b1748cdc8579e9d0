import type { Command } from "commander";
import { type ActOptions, addActOptions } from "../../admin/letter-options.ts";
import { runAct } from "../../admin/run-act.ts";
import { parseCount } from "../../parse-option.ts";

/** Add `turnpike dead-letters replay`. */
export function addReplayDeadLetters(command: Command): void {
  addActOptions(command.command("replay"))
    .description("put dead letters back into the queue; harmless to repeat")
    .option("--rate <n>", "letters a second at most", parseCount, 50)
    .action(async (receipts: readonly string[] | undefined, options: ActOptions & { rate: number }) => {
      const isDone = await runAct("replay", receipts ?? [], options, { ratePerSecond: options.rate });
      if (!isDone) process.exitCode = 1;
    });
}
