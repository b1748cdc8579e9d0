import type { Command } from "commander";
import { addDiscardDeadLetters } from "./dead-letters/discard.ts";
import { addListDeadLetters } from "./dead-letters/list.ts";
import { addReplayDeadLetters } from "./dead-letters/replay.ts";
import { addShowDeadLetter } from "./dead-letters/show.ts";

/** Add `turnpike dead-letters`. */
export function addDeadLetters(program: Command): void {
  const command = program.command("dead-letters").description("look after what failed for good");
  for (const add of [addListDeadLetters, addShowDeadLetter, addReplayDeadLetters, addDiscardDeadLetters])
    add(command);
}
