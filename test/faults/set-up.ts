import type { TestProject } from "vitest/node";
import { buildBundles } from "./rig/build-bundles.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder of the production bundles. */
    distDir: string;
  }
}

/**
 * Build what the fault tests run. Vitest calls it by this name, and what it returns after the last test.
 * @public
 */
export async function setup(project: TestProject): Promise<() => void> {
  const bundles = await buildBundles();
  project.provide("distDir", bundles.distDir);
  return () => bundles.remove();
}
