/** RFC 9457 problem documents: the one form in which every app reports a failed request. */
import { z } from "@hono/zod-openapi";
import { type ErrorCode, errorCodes, isAppError } from "@turnpike/domain/errors";
import { type HttpFailure, httpFailures, statusTitles } from "./http-status.ts";

/** The media type of a problem document. */
export const PROBLEM_CONTENT_TYPE = "application/problem+json";

/** What a failed request is answered with. `type` is always `about:blank`: `code` tells failures apart. */
export const Problem = z
  .object({
    type: z.literal("about:blank"),
    title: z.string().openapi({ description: "The status's own phrase.", example: "Content Too Large" }),
    status: z.int().openapi({ example: 413 }),
    detail: z.string().openapi({ description: "What is wrong with this request; never a value of it." }),
    code: z.enum(errorCodes).openapi({ description: "What to act on.", example: "payload_too_large" }),
    requestId: z.string().openapi({ example: "0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f" }),
    error: z.string().optional().openapi({ description: "Ingest only: a copy of `detail`." }),
  })
  .openapi("Problem");

/** What a failed request is answered with. */
export type Problem = z.infer<typeof Problem>;

/** A problem with the headers that belong to it. */
export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Say over HTTP what went wrong. Whatever is no AppError is `internal`, and no 5xx carries the error's own message unless
 * that is marked as public.
 */
export function describeFailure(error: unknown, requestId: string): ProblemAnswer {
  const code: ErrorCode = isAppError(error) ? error.code : "internal";
  const failure: HttpFailure = httpFailures[code];
  const detail = publicMessageOf(error) ?? failure.detail ?? (error instanceof Error ? error.message : "");
  const retryAfter = (isAppError(error) ? error.retryAfterSeconds : undefined) ?? failure.retryAfterSeconds;
  return {
    problem: createProblem({ status: failure.status, code, detail, requestId }),
    headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
  };
}

function publicMessageOf(error: unknown): string | undefined {
  return isAppError(error) && error.isPublic ? error.message : undefined;
}

/** Make a problem document for a status that has no error code of its own, such as 405. */
export function createProblem(facts: Pick<Problem, "status" | "code" | "detail" | "requestId">): Problem {
  return {
    type: "about:blank",
    title: statusTitles[facts.status] ?? "Error",
    status: facts.status,
    detail: facts.detail,
    code: facts.code,
    requestId: facts.requestId,
  };
}

/** Describe the failures of a route for its OpenAPI contract: one response per status, naming the codes behind it. */
export function problemResponses(...codes: readonly ErrorCode[]) {
  const statuses = [...new Set(codes.map((code) => httpFailures[code].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = codes.filter((code) => httpFailures[code].status === status);
      const description = `${statusTitles[status]}: ${ofStatus.map((code) => `\`${code}\``).join(", ")}`;
      return [status, { description, content: { [PROBLEM_CONTENT_TYPE]: { schema: Problem } } }];
    }),
  );
}
