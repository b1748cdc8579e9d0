import { join } from "node:path";
import { inject } from "vitest";

/** An app that there is a bundle of. */
export type BundledApp = "ingest" | "worker" | "timeline" | "turnpike";

/** The production bundle of an app: a file that Node.js runs as it is, from any folder. */
export function bundleOf(app: BundledApp): string {
  return join(inject("distDir"), `${app}.mjs`);
}
