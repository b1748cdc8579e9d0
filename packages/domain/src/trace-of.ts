const TRACE_FRAMES = 4;
const MAX_CAUSES = 4;

/**
 * Say where an error was thrown, and its causes, for a log: names, codes and the top of each stack, without the messages. These
 * may hold what somebody sent: a driver's error quotes statements and values.
 */
export function traceOf(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  const frames = (error.stack ?? "")
    .replace(error.message, "")
    .split("\n")
    .filter((line) => line.trimStart().startsWith("at "))
    .slice(0, TRACE_FRAMES)
    .map((frame) => frame.trim());
  const cause = depth < MAX_CAUSES ? traceOf(error.cause, depth + 1) : undefined;
  const own = [`${error.name}${code}`, ...frames].join(" ");
  return cause === undefined ? own : `${own} <- ${cause}`;
}
