import { InvalidArgumentError } from "commander";
import { z } from "zod";

/** Read a port from the command line; 0 takes any free one. */
export function parsePort(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65_535) throw new InvalidArgumentError("must be a port, 0 to 65535.");
  return port;
}

/** Read a whole number above zero from the command line. */
export function parseCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError("must be a whole number, 1 or more.");
  }
  return count;
}

/** Read a UUID of any version from the command line, in lower case. */
export function parseUuid(value: string): string {
  const uuid = z.uuid().safeParse(value.toLowerCase());
  if (!uuid.success) throw new InvalidArgumentError("must be a UUID.");
  return uuid.data;
}
