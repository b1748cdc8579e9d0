import type { Command } from "commander";
import type { Env } from "../settings.ts";
import { addAccept } from "./queue/accept.ts";
import { addRecover } from "./queue/recover.ts";

/** Add `turnpike queue`. */
export function addQueue(program: Command, env: Env): void {
  const command = program.command("queue").description("look after the queue itself");
  for (const add of [addRecover, addAccept]) add(command, env);
}
