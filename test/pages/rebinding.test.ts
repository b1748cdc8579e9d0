/** A page whose host name points at this machine, in a real browser: for the browser it is of the same origin as the app. */
import { describe, expect, it } from "vitest";
import { findBrowser, useBrowser } from "../support/browser.ts";
import { useStack } from "../support/stack.ts";
import { turnBody } from "../support/turn-body.ts";

const executablePath = findBrowser();

describe.runIf(executablePath !== undefined)("a page of a name that points here", () => {
  const stack = useStack({ name: "postgres", redisUrl: undefined, shards: 1 });
  const browser = useBrowser(executablePath ?? "", ["--host-resolver-rules=MAP evil.example 127.0.0.1"]);

  it("reads nothing, posts nothing and deletes nothing; the app's own page does", async () => {
    const { sessionId } = await stack.settle(await stack.post(turnBody()));
    const page = await browser().newPage();
    const act = () =>
      page.evaluate(async (id) => {
        const statusOf = async (path: string, method: string) => (await fetch(path, { method })).status;
        return {
          read: await statusOf("/v1/sessions?limit=2", "GET"),
          metrics: await statusOf("/metrics", "GET"),
          rename: await statusOf(`/v1/sessions/${id}`, "PATCH"),
          remove: await statusOf(`/v1/sessions/${id}`, "DELETE"),
        };
      }, sessionId);

    const evil = new URL(stack.timelineUrl);
    evil.hostname = "evil.example";
    await page.goto(`${evil.href}docs`);
    expect(await page.evaluate("location.origin")).toBe(evil.origin);
    expect(await act()).toEqual({ read: 421, metrics: 421, rename: 421, remove: 421 });
    expect(await stack.read(`/v1/sessions/${sessionId}`)).toMatchObject({ id: sessionId });

    await page.goto(`${stack.timelineUrl}/docs`);
    expect(await act()).toEqual({ read: 200, metrics: 200, rename: 400, remove: 204 });
    await page.close();
  });

  it("of another port of this machine may send a form, and it is not taken", async () => {
    const { sessionId } = await stack.settle(await stack.post(turnBody()));
    const page = await browser().newPage();
    // A page without a policy of its own.
    await page.goto(`${stack.timelineUrl}/ping`);
    const sent = page.waitForResponse((answer) => answer.url().includes("/v1/ingest"));
    await page.evaluate(async (url) => {
      // A type that needs no leave of the other side.
      await fetch(`${url}/v1/ingest`, { method: "POST", mode: "no-cors", body: "{}" }).catch(() => {});
    }, stack.ingestUrl);
    expect((await sent).status()).toBe(403);
    expect(await stack.read(`/v1/sessions/${sessionId}`)).toMatchObject({ id: sessionId });
    await page.close();
  });
});
