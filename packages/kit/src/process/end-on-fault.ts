/**
 * The end of a process that cannot start or go on: one line, and exit code 1. Node.js itself would print the source beside the
 * reason, which in a bundle is one line of 20 kB, and as plain text between lines of JSON.
 */
import { isAppError } from "@turnpike/domain/errors";
import { traceOf } from "@turnpike/domain/trace-of";
import { destination } from "pino";
import { createLogger } from "./logger.ts";
import { StartError } from "./start-error.ts";

/** Where the lines go. */
export interface FaultLines {
  /** Called once, right before the end, with why in words and, if nobody foresaw it, where it was thrown. */
  readonly fatal: (reason: string, at: string | undefined) => void;
  /** Called with what Node.js itself has to say, such as that something is deprecated. */
  readonly warn: (reason: string) => void;
}

/** End this process with one line, whatever throws from now on and is not caught, at its start or later. */
export function endOnFault({ fatal, warn }: FaultLines): void {
  let isEnding = false;
  // Rejections that nobody handles come here too.
  process.on("uncaughtException", (error: unknown) => {
    if (!isEnding) {
      isEnding = true;
      const reason = reasonOf(error);
      fatal(reason ?? "an unexpected fault", reason === undefined ? traceOf(error) : undefined);
    }
    process.exit(1);
  });
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => warn(`${name}: ${message}`));
}

/** The same for an app: its lines are those of a log. */
export function endAppOnFault(app: string): void {
  // Not the app's own logger, which is made only when its configuration is known: this one says its last word at once, and whatever
  // the level.
  const logger = createLogger({
    level: "warn",
    name: app,
    destination: destination({ dest: 1, sync: true }),
  });
  endOnFault({
    fatal: (reason, at) => logger.fatal({ event: "fault", at }, reason),
    warn: (reason) => logger.warn({ event: "node_warning" }, reason),
  });
}

/** What may be printed of an error: another's message may hold what somebody sent. */
function reasonOf(error: unknown): string | undefined {
  const isForPeople = error instanceof StartError || isAppError(error) || isSystemError(error);
  return isForPeople ? error.message.replaceAll(/\s*\n\s*/g, " ") : undefined;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
