/** The providers whose requests can be parsed, in the order in which error texts name them. */
export const providers = ["anthropic", "openai", "ollama"] as const;

/** A provider whose requests can be parsed. */
export type Provider = (typeof providers)[number];

/** Tell whether a string names a supported provider. */
export function isProvider(value: string): value is Provider {
  return (providers as readonly string[]).includes(value);
}
