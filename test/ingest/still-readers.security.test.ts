/** Who asks for much and takes nothing. */
import { expect, it } from "vitest";
import { createTestIngest, serveForTests } from "./ingest-fixture.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openConnection } from "./raw-connection.ts";

const { url } = await serveForTests(createTestIngest().app);

const ASKED = 40;
const bundle = "/docs/swagger-ui-bundle.js";

it("a reader that takes no byte for 10 seconds is cut off, whatever it asked for, and others are not", async () => {
  const { length: bundleBytes } = new Uint8Array(await (await fetch(url + bundle)).arrayBuffer());
  const [still, idle] = [await openConnection(url), await openConnection(url)];
  await idle.write("GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await idle.answer();
  still.pause();
  await still.write(`GET ${bundle} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(ASKED));
  const since = performance.now();
  await waitUntil(() => !still.isUp(), { what: "the reader is cut off", timeoutMs: 40_000 });
  expect(performance.now() - since).toBeGreaterThan(9_900);
  still.resume();
  await still.closed;
  // Of which most is the buffers' of both sides.
  expect(still.received().length).toBeLessThan((ASKED * bundleBytes) / 2);
  await idle.write("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await expect.poll(() => idle.received().match(/HTTP\/1.1 200/g)?.length).toBe(2);
});
