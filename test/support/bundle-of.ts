import { join } from "node:path";
import { inject } from "vitest";

/** The production bundle of an app: a file that Node.js runs as it is, from any folder. */
export function bundleOf(app: "ingest" | "worker" | "timeline" | "turnpike"): string {
  return join(inject("distDir"), `${app}.mjs`);
}
