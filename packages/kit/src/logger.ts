import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger } from "pino";

/** The levels that a logger can be set to, quietest last. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** How to make a logger. */
export interface LoggerOptions {
  readonly level: (typeof logLevels)[number];
  /** The app's name, on every line. */
  readonly name: string;
  /** Where lines go; stdout when absent. */
  readonly destination?: DestinationStream;
}

/** Make a logger that writes one JSON object per line, with the time in ISO 8601 and the level by name. */
export function createLogger({ level, name, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { app: name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
