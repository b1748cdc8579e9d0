/**
 * The frame that every HTTP app stands in: request id, one log event and one measurement per request, and every failure
 * as a problem document.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { AppError } from "@turnpike/domain/errors";
import { describeIssue } from "@turnpike/domain/turn/turn-schema";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { findAllowedMethods } from "./allowed-methods.ts";
import { addAnswerHeaders } from "./answer-headers.ts";
import { checkRequest } from "./check-request.ts";
import type { HttpApp, HttpEnv } from "./http-env.ts";
import type { Logger } from "../process/logger.ts";
import type { Registry } from "../process/metrics.ts";
import { createProblem, describeFailure, type Problem, PROBLEM_CONTENT_TYPE } from "./problem.ts";
import { chooseRequestId, REQUEST_ID_HEADER } from "./request-id.ts";
import { recordRequest } from "./record-request.ts";

/** How to make an HTTP app. */
export interface HttpAppOptions {
  readonly logger: Logger;
  readonly registry: Registry;
  /** Adds `error`, a copy of `detail`, to every problem, for capture clients that read that. */
  readonly copiesDetailToError?: boolean;
}

/** Make an app without routes. */
export function createHttpApp({ logger, registry, copiesDetailToError = false }: HttpAppOptions): HttpApp {
  const app: HttpApp = new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (!result.success) throw new AppError("invalid_query", describeIssue(result.error));
    },
  });

  app.use(async (c, next) => {
    const requestId = chooseRequestId(c.req.header(REQUEST_ID_HEADER));
    c.set("requestId", requestId);
    c.header(REQUEST_ID_HEADER, requestId);
    await next();
    if (!c.res.headers.has(REQUEST_ID_HEADER)) c.header(REQUEST_ID_HEADER, requestId);
  });
  app.use(recordRequest(logger, registry));
  app.use(addAnswerHeaders);
  app.use(checkRequest);

  const answer = (
    c: Context<HttpEnv>,
    problem: Problem,
    headers: Readonly<Record<string, string>>,
  ): Response => {
    const body = copiesDetailToError ? { ...problem, error: problem.detail } : problem;
    return new Response(JSON.stringify(body), {
      status: problem.status,
      headers: { ...headers, "content-type": PROBLEM_CONTENT_TYPE, [REQUEST_ID_HEADER]: c.get("requestId") },
    });
  };

  app.onError((error, c) => {
    const { problem, headers } = describeFailure(asAppError(error), c.get("requestId"));
    return answer(c, problem, headers);
  });

  app.notFound((c) => {
    const requestId = c.get("requestId");
    const allowed = findAllowedMethods(app, c.req.path);
    if (allowed.length === 0) {
      return answer(
        c,
        createProblem({ status: 404, code: "not_found", detail: "no such route", requestId }),
        {},
      );
    }
    const allow = { allow: allowed.join(", ") };
    if (c.req.method === "OPTIONS") return c.body(null, 204, allow);
    const detail = `this route answers ${allow.allow}`;
    return answer(c, createProblem({ status: 405, code: "not_found", detail, requestId }), allow);
  });

  return app;
}

// The framework's own refusals (a malformed JSON body, an unexpected media type) come as HTTPExceptions.
function asAppError(error: Error): Error {
  if (!(error instanceof HTTPException) || error.status >= 500) return error;
  return new AppError(error.status === 404 ? "not_found" : "invalid_query", error.message, { cause: error });
}
