/** The contract's page in a real browser: it must work without anything from elsewhere. */
import { describe, expect, it } from "vitest";
import { findBrowser, useBrowser } from "../support/browser.ts";
import { useStack } from "../support/stack.ts";

const executablePath = findBrowser();
if (executablePath === undefined) {
  const line =
    "Chromium is not installed: the suites of pages are left out. Get it with `apt-get install chromium`.";
  if (process.env["CI"]) throw new Error(line);
  console.warn(line);
}

describe.runIf(executablePath !== undefined)("the page of the contract", () => {
  const stack = useStack({ name: "postgres", redisUrl: undefined, shards: 1 });
  const browser = useBrowser(executablePath ?? "");

  it.each([
    ["ingest", "/v1/ingest"],
    ["timeline", "/v1/sessions/{id}/timeline"],
  ] as const)(
    "of the %s app shows its routes, asks nothing of any other host and logs no error",
    async (app, route) => {
      const origin = app === "ingest" ? stack.ingestUrl : stack.timelineUrl;
      const page = await browser().newPage();
      const requested: string[] = [];
      const faults: string[] = [];
      page.on("request", (request) => requested.push(request.url()));
      page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      page.on("pageerror", (error) => faults.push(error.message));
      await page.goto(`${origin}/docs`);
      await page.getByText(route, { exact: true }).first().waitFor();
      expect(requested.filter((url) => !url.startsWith(origin) && !url.startsWith("data:"))).toEqual([]);
      expect(faults).toEqual([]);
      await page.close();
    },
  );
});
