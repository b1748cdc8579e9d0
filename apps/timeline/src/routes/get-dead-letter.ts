import { createRoute, z } from "@hono/zod-openapi";
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { HttpApp } from "@turnpike/kit/http-env";
import { problemResponses } from "@turnpike/kit/problem";
import { readDeadJob } from "@turnpike/queue/dead-job";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, uuidParam } from "../fields.ts";
import { LetterDetail } from "../letter-item.ts";
import { orgOfReader } from "../org-of-reader.ts";
import { requireScope } from "../require-scope.ts";

/** Enough to see what it is; bodies may have many megabytes. */
const SHOWN_CHARS = 10_000;

const contract = createRoute({
  method: "get",
  path: "/v1/dead-letters/{receipt}",
  tags: ["dead letters"],
  summary: "Look at one dead letter and its body",
  description: "Needs the scope `admin`, which open mode grants.",
  request: {
    params: z.object({ receipt: uuidParam("receipt") }),
    query: z.object({
      ...orgQuery,
      full: z
        .enum(["true", "false"])
        .default("false")
        .openapi({ description: `The whole body, not only its first ${SHOWN_CHARS} characters.` }),
    }),
  },
  responses: {
    200: { description: "The letter.", content: { "application/json": { schema: LetterDetail } } },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/dead-letters/{receipt}`. */
export function addGetDeadLetter(app: HttpApp, { deadLetters }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    const found = await deadLetters.get(orgOfReader(c), c.req.valid("param").receipt);
    if (found === undefined) throw new AppError("not_found", "no such dead letter");
    const { job, ...letter } = found;
    const { body, isReadable } = job === null ? NOT_KEPT : await readBody(job);
    const shown = c.req.valid("query").full === "true" ? body : body?.slice(0, SHOWN_CHARS);
    return c.json(
      {
        ...letter,
        body: shown ?? null,
        bodyChars: body?.length ?? null,
        isReadable,
        isTruncated: shown !== undefined && shown.length < (body?.length ?? 0),
      },
      200,
    );
  });
}

const NOT_KEPT = { body: undefined, isReadable: false };

/** A job may be dead because nobody can read it. */
async function readBody(job: Uint8Array): Promise<{ readonly body: string; readonly isReadable: boolean }> {
  try {
    const { body, raw } = await readDeadJob(job);
    return body === undefined ? { body: JSON.stringify(raw), isReadable: false } : { body, isReadable: true };
  } catch (error) {
    if (!isAppError(error, "unreadable_job")) throw error;
    return { body: Buffer.from(job).toString("utf8"), isReadable: false };
  }
}
