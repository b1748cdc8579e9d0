import type { z } from "zod";

/**
 * Read an app's configuration from its environment. An empty variable counts as unset.
 * @throws Error that names each bad variable and the rule it breaks, one per line, and never a value: values are secrets.
 */
export function loadConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const name = issue.path.map(String).join(".") || "environment";
    return `  ${name}: ${given[name] === undefined && issue.code === "invalid_type" ? "must be set" : ruleOf(issue)}`;
  });
  throw new Error(`The configuration is not valid:\n${lines.join("\n")}`);
}

function ruleOf(issue: z.core.$ZodIssue): string {
  return issue.message.replace(/^(Invalid input|Invalid option|Too big|Too small): /, "");
}
