import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@turnpike/domain/errors";
import { describeIssue } from "@turnpike/domain/turn/turn-schema";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, uuidParam } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { readJson } from "../http/read-json.ts";
import { requireScope } from "../auth/require-scope.ts";
import { SessionDetail } from "./session-item.ts";

const MAX_NAME_CHARS = 200;

// Characters are code points: what a person would count, nearly.
const DisplayName = z
  .string("must be a string or null")
  .transform((value) => value.trim())
  .refine((value) => value !== "", "must not be empty: null takes the name away")
  .refine(
    (value) => Array.from(value).length <= MAX_NAME_CHARS,
    `must be at most ${MAX_NAME_CHARS} characters`,
  )
  .refine(
    (value) => value.isWellFormed() && !value.includes("\0"),
    "must not hold a NUL character or half of a surrogate pair",
  )
  .nullable();

const Rename = z.object({ displayName: DisplayName });

// In words of its own, so that the framework does not read the body: it would take one of any size.
const renameSchema = {
  type: "object" as const,
  required: ["displayName"],
  properties: {
    displayName: {
      type: ["string" as const, "null" as const],
      minLength: 1,
      maxLength: MAX_NAME_CHARS,
      description: "White space around it is removed; null takes the name away.",
    },
  },
  example: { displayName: "The one with the spiders" },
};

const contract = createRoute({
  method: "patch",
  path: "/v1/sessions/{id}",
  tags: ["sessions"],
  summary: "Give a session a name to show",
  description: "Needs the scope `admin`, which open mode grants. The body has at most 64 KiB.",
  request: {
    params: z.object({ id: uuidParam("id") }),
    query: z.object(orgQuery),
    body: { required: true, content: { "application/json": { schema: renameSchema } } },
  },
  responses: {
    200: {
      description: "The session as it is now.",
      content: { "application/json": { schema: SessionDetail } },
    },
    ...problemResponses(
      "invalid_query",
      "invalid_envelope",
      "not_found",
      "payload_too_large",
      "store_unavailable",
      "internal",
    ),
  },
});

/** Add `PATCH /v1/sessions/{id}`. */
export function addRenameSession(app: HttpApp, { reader, editor }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    const orgId = orgOfReader(c);
    const sessionId = c.req.valid("param").id;
    await editor.renameSession(orgId, sessionId, parseRename(await readJson(c)).displayName);
    return c.json(await reader.getSession(orgId, sessionId), 200);
  });
}

function parseRename(body: unknown): z.output<typeof Rename> {
  const parsed = Rename.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_query", describeIssue(parsed.error));
}
