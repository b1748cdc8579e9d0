import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll } from "vitest";

/** Where systems keep a Chromium of their own. */
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

// Nothing but the page itself: no updates, no telemetry, no look-ups.
const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Tell where the system's Chromium is; undefined where there is none. */
export function findBrowser(): string | undefined {
  return places.find((place) => existsSync(place));
}

/** A browser for the suite it is called in. */
export function useBrowser(executablePath: string, args: readonly string[] = []): () => BrowserContext {
  let context: BrowserContext | undefined;
  let profile = "";
  beforeAll(async () => {
    profile = await mkdtemp(join(tmpdir(), "turnpike-browser-"));
    context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: [...quiet, ...args],
    });
  });
  afterAll(async () => {
    await context?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  });
  return () => {
    if (context === undefined) throw new Error("the browser is used before its tests run");
    return context;
  };
}
