/** A dead letter as the routes show it. */
import { z } from "@hono/zod-openapi";
import { errorCodes } from "@turnpike/domain/errors";
import { letterStates } from "@turnpike/store/dead-letters/letter-view";
import { time, truncated } from "../http/fields.ts";

/** The error code of a failure. */
export const errorCode = z.enum(errorCodes);

/** The state of a dead letter. */
export const letterState = z.enum(letterStates).openapi({
  description:
    "`dead` waits for a decision; `replaying` was put back into the queue and has not come to its end; `discarded` was given up; " +
    "`resolved` was stored after all.",
});

const letterFields = {
  orgId: z.uuid(),
  receipt: z.uuid(),
  state: letterState,
  jobName: z.string().openapi({ example: "ingest-turn" }),
  code: errorCode,
  reason: z.string(),
  attempts: z.int().openapi({ description: "Altogether, replays included." }),
  firstFailedAt: time,
  lastFailedAt: time,
  acceptedAt: time.nullable(),
  requestId: z.string().nullable(),
  jobBytes: z.int().openapi({ description: "The size of the job that is, or was, kept." }),
  replays: z.int(),
  replayedAt: time
    .nullable()
    .openapi({ description: "Of the last replay; null again when that has failed too." }),
  discardedAt: time.nullable(),
  truncated: truncated.optional(),
};

/** A dead letter in a list. */
export const LetterItem = z.object(letterFields).openapi("DeadLetter");

/** One dead letter with what it carries. */
export const LetterDetail = z
  .object({
    ...letterFields,
    body: z
      .string()
      .nullable()
      .openapi({
        description:
          "The body as it was accepted, or its beginning; when it cannot be read, the job as it lay in the queue; null when it is not " +
          "kept any more.",
      }),
    isReadable: z.boolean().openapi({ description: "False when no worker knows how to read the job." }),
    bodyChars: z.int().nullable().openapi({ description: "The length of the whole body." }),
    isTruncated: z.boolean(),
  })
  .openapi("DeadLetterDetail");
