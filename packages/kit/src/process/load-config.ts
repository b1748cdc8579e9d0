import { z } from "zod";
import { StartError } from "./start-error.ts";

/** An environment. */
type Env = Readonly<Record<string, string | undefined>>;

/**
 * Read an app's configuration from its environment. An empty variable counts as unset.
 * @throws StartError that names each bad variable and the rule it breaks, in one line, and never a value: values are secrets.
 */
export function loadConfig<Schema extends z.ZodType>(schema: Schema, env: Env): z.output<Schema> {
  return loadConfigs({ app: [schema, env] }).app;
}

/**
 * Read the configurations of several apps, each from an environment of its own; what is bad is named for all of them together.
 * @throws StartError as `loadConfig`.
 */
export function loadConfigs<Sources extends Readonly<Record<string, readonly [z.ZodType, Env]>>>(
  sources: Sources,
): { readonly [App in keyof Sources]: z.output<Sources[App][0]> } {
  const faults = new Set<string>();
  const configs = Object.entries(sources).map(([app, [schema, env]]) => {
    const given = Object.fromEntries(
      Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
    );
    const parsed = schema.safeParse(given);
    for (const issue of parsed.error?.issues ?? []) faults.add(describeIssue(issue, schema, given));
    return [app, parsed.data];
  });
  if (faults.size > 0) throw new StartError(`the configuration is not valid: ${[...faults].join("; ")}`);
  return Object.fromEntries(configs) as { readonly [App in keyof Sources]: z.output<Sources[App][0]> };
}

function describeIssue(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  given: Readonly<Record<string, unknown>>,
): string {
  const name = issue.path.map(String).join(".") || "environment";
  if (given[name] === undefined && issue.code === "invalid_type") return `${name} must be set`;
  // The rules that a schema words itself.
  if (issue.message.startsWith("must ")) return `${name} ${issue.message}`;
  const field = schema instanceof z.ZodObject ? (schema.shape as z.core.$ZodShape)[name] : undefined;
  return `${name} ${(field && ruleOf(field)) ?? "is not valid"}`;
}

/** The whole rule of a variable, whichever part of it was broken. */
function ruleOf(field: z.core.$ZodType): string | undefined {
  const rule = z.toJSONSchema(field, { unrepresentable: "any" });
  if (rule.enum !== undefined) return `must be one of ${rule.enum.map(String).join(", ")}`;
  if (rule.type !== "integer" && rule.type !== "number") return undefined;
  const kind = rule.type === "integer" ? "a whole number" : "a number";
  const { minimum = -Infinity, maximum = Infinity } = rule;
  // Zod bounds every whole number by what a double can hold.
  const [hasMin, hasMax] = [minimum > Number.MIN_SAFE_INTEGER, maximum < Number.MAX_SAFE_INTEGER];
  if (hasMin && hasMax) return `must be ${kind} from ${minimum} to ${maximum}`;
  if (hasMin) return `must be ${kind}, ${minimum} or more`;
  return hasMax ? `must be ${kind}, ${maximum} or less` : `must be ${kind}`;
}
