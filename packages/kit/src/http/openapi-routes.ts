import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "./http-env.ts";

/** The head of a contract. */
export interface ContractInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

const JAVASCRIPT = "text/javascript; charset=utf-8";

/** What the page loads of swagger-ui, and as what. */
const assets: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": JAVASCRIPT,
  "favicon-32x32.png": "image/png",
};

// They hold nothing of anybody, and change with the version only.
const ASK_AGAIN = { "cache-control": "no-cache" } as const;

/** Nothing may come from elsewhere. swagger-ui styles its elements inline and draws its icons from data URLs. */
const CONTENT_SECURITY_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

/**
 * Add `/openapi.json` (OpenAPI 3.1, built once, here) and `/docs` (a page of it that works offline). Add it last: what is added later is
 * not in the document. `/` leads to the page.
 */
export function addOpenApiRoutes(app: HttpApp, info: ContractInfo): void {
  app.openAPIRegistry.registerPath(documentContract);
  app.openAPIRegistry.registerPath(pageContract);
  app.openAPIRegistry.registerPath(rootContract);
  const document = JSON.stringify(app.getOpenAPI31Document({ openapi: "3.1.0", info: { ...info } }));
  const page = renderPage(info.title);

  app.get(documentContract.getRoutingPath(), (c) =>
    c.body(document, 200, { "content-type": "application/json", ...ASK_AGAIN }),
  );
  app.get(pageContract.getRoutingPath(), (c) =>
    c.html(page, 200, { "content-security-policy": CONTENT_SECURITY_POLICY, ...ASK_AGAIN }),
  );
  // Relative, so that it also works below a prefix.
  app.get(rootContract.getRoutingPath(), (c) => c.redirect("docs"));
  app.get("/docs/start.js", (c) => c.body(START_SCRIPT, 200, { "content-type": JAVASCRIPT, ...ASK_AGAIN }));
  for (const [name, contentType] of Object.entries(assets)) {
    app.get(`/docs/${name}`, async (c) => {
      const content = await readFile(join(swaggerUiFolder(), name));
      return c.body(new Uint8Array(content), 200, {
        "content-type": contentType,
        "cache-control": "max-age=3600",
      });
    });
  }
}

const documentContract = createRoute({
  method: "get",
  path: "/openapi.json",
  tags: ["contract"],
  responses: {
    200: { description: "This document.", content: { "application/json": { schema: z.looseObject({}) } } },
  },
});

const pageContract = createRoute({
  method: "get",
  path: "/docs",
  tags: ["contract"],
  responses: {
    200: { description: "A page of this document.", content: { "text/html": { schema: z.string() } } },
  },
});

const rootContract = createRoute({
  method: "get",
  path: "/",
  tags: ["contract"],
  responses: { 302: { description: "Leads to the page of this document." } },
});

function swaggerUiFolder(): string {
  const require = createRequire(import.meta.url);
  return dirname(require.resolve("swagger-ui-dist/package.json"));
}

// Every reference is relative, so that the page also works below a prefix. No validator: it would send the contract out.
const START_SCRIPT = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  validatorUrl: null,
});
`;

function renderPage(title: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <link rel="icon" href="docs/favicon-32x32.png">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="contract"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;
}
