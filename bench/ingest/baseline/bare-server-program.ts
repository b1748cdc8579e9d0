/** What accepting is held against: a bare Hono server that reads and parses the same bodies, and does nothing with them. */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Not named in our own dependencies: it has to be the very one that the product runs on.
const require = createRequire(new URL("../../../packages/kit/package.json", import.meta.url));
const load = (name: string): Promise<unknown> => import(pathToFileURL(require.resolve(name)).href);

interface Context {
  readonly req: { json(): Promise<unknown> };
  json(body: unknown, status: number): Response;
}
interface App {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  post(path: string, handle: (c: Context) => Promise<Response>): void;
}

const { Hono } = (await load("hono")) as { Hono: new () => App };
const { serve } = (await load("@hono/node-server")) as {
  serve(
    this: void,
    options: { fetch: App["fetch"]; port: number; hostname: string },
    onListening: (address: { port: number }) => void,
  ): unknown;
};

const app = new Hono();
app.post("/v1/ingest", async (c) => {
  await c.req.json();
  return c.json({ status: "accepted", receipt: randomUUID() }, 202);
});
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
