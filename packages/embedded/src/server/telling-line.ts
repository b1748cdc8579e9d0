/** Find the line of what a server or program printed that says why it failed, without its time. */
export function tellingLine(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const telling = [/FATAL:|PANIC:|error:/, /could not/].flatMap(
    (sign) => lines.find((line) => sign.test(line)) ?? [],
  );
  return (telling[0] ?? lines.at(-1) ?? "it said nothing")
    .replace(/^.*?(FATAL|PANIC|ERROR|LOG|error): +/, "")
    .trim();
}
