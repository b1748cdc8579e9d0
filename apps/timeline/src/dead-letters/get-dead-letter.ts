import { createRoute, z } from "@hono/zod-openapi";
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import { readDeadJob } from "@turnpike/queue/job/dead-job";
import type { TimelineDeps } from "../deps.ts";
import { createOneAtATime } from "./one-at-a-time.ts";
import { orgQuery, uuidParam } from "../http/fields.ts";
import { LetterDetail } from "./dead-letter-item.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { requireScope } from "../auth/require-scope.ts";

/** Enough to see what it is; bodies may have many megabytes. */
const SHOWN_CHARS = 10_000;

/** As many as the largest body has that is taken. Written as JSON it may be six times as long, and V8 holds 512 Mi characters. */
const MAX_SHOWN_CHARS = 64 * 1024 * 1024;

/** More than the job of the largest body: base64 makes four bytes of three. */
const MAX_JOB_BYTES = 128 * 1024 * 1024;

/** A job takes up to ten times its size while it is read. */
const LARGE_JOB_BYTES = 4 * 1024 * 1024;

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
        .openapi({
          description: `The whole body, not only its first ${SHOWN_CHARS} characters; of a body of more than 64 Mi characters those.`,
        }),
    }),
  },
  responses: {
    200: { description: "The letter.", content: { "application/json": { schema: LetterDetail } } },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/dead-letters/{receipt}`. */
export function addGetDeadLetter(app: HttpApp, { deadLetters }: TimelineDeps): void {
  const alone = createOneAtATime();
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    const orgId = orgOfReader(c);
    const { receipt } = c.req.valid("param");
    const maxChars = c.req.valid("query").full === "true" ? MAX_SHOWN_CHARS : SHOWN_CHARS;
    const found = await deadLetters.find(orgId, receipt);
    if (found === undefined) throw noSuchLetter();
    const show = async () => {
      const letter = await deadLetters.get(orgId, receipt, MAX_JOB_BYTES);
      if (letter === undefined) throw noSuchLetter();
      return c.json(await toDetail(letter, maxChars), 200);
    };
    return found.jobBytes > LARGE_JOB_BYTES ? alone(show) : show();
  });
}

function noSuchLetter(): AppError {
  return new AppError("not_found", "no such dead letter");
}

type Letter = NonNullable<Awaited<ReturnType<TimelineDeps["deadLetters"]["get"]>>>;

async function toDetail({ job, ...letter }: Letter, maxChars: number) {
  const { body, isReadable } = job === null ? NOT_KEPT : await readBody(job);
  const shown = body?.slice(0, maxChars);
  return {
    ...letter,
    body: shown ?? null,
    bodyChars: body?.length ?? null,
    isReadable,
    // A job that is too large to be read is not shown at all.
    isTruncated: shown === undefined ? letter.jobBytes > MAX_JOB_BYTES : shown.length < (body?.length ?? 0),
  };
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
