import type { Command } from "commander";
import { type ActOptions, addActOptions } from "../../admin/letter-options.ts";
import { runAct } from "../../admin/run-act.ts";

/** Add `turnpike dead-letters discard`. */
export function addDiscardDeadLetters(command: Command): void {
  addActOptions(command.command("discard"))
    .description("give dead letters up: their bodies go, for good")
    .action(async (receipts: readonly string[] | undefined, options: ActOptions) => {
      const isDone = await runAct("discard", receipts ?? [], options);
      if (!isDone) process.exitCode = 1;
    });
}
