import { setTimeout as sleep } from "node:timers/promises";
import { createRoute, z } from "@hono/zod-openapi";
import { type ErrorCode, isAppError } from "@turnpike/domain/errors";
import type { HttpApp } from "./http-env.ts";
import { createProblem, Problem, PROBLEM_CONTENT_TYPE } from "./problem.ts";

/** Something that the app cannot work without. */
export interface ReadinessCheck {
  /** Shown to whoever asks; one word, such as `queue`. */
  readonly name: string;
  /** Throws, or never settles, when the thing is missing. */
  check(): Promise<void>;
}

/** Long enough for a queue or store to give up by itself (two seconds), short enough for a prober. */
const CHECK_TIMEOUT_MS = 3_000;

const RETRY_AFTER_SECONDS = 5;

const Status = z.object({ status: z.literal("ok") });
const alive = { description: "The process is alive.", content: { "application/json": { schema: Status } } };
const unready = { description: "What is missing.", content: { [PROBLEM_CONTENT_TYPE]: { schema: Problem } } };

/** Add `/ping` and `/healthz` (the process is alive) and `/readyz` (everything it needs answers). */
export function addHealthRoutes(app: HttpApp, checks: readonly ReadinessCheck[]): void {
  for (const path of ["/ping", "/healthz"]) {
    const contract = createRoute({ method: "get", path, tags: ["health"], responses: { 200: alive } });
    app.openapi(contract, (c) => c.json({ status: "ok" as const }, 200));
  }

  const readyz = createRoute({
    method: "get",
    path: "/readyz",
    tags: ["health"],
    responses: { 200: { ...alive, description: "Everything that the app needs answers." }, 503: unready },
  });
  app.openapi(readyz, async (c) => {
    const failures = (await Promise.all(checks.map(findFailure))).filter((failure) => failure !== undefined);
    if (failures[0] === undefined) return c.json({ status: "ok" as const }, 200);
    const problem = createProblem({
      status: 503,
      code: failures[0].code,
      detail: `not ready: ${failures.map(({ name, detail }) => (detail === undefined ? name : `${name} (${detail})`)).join(", ")}`,
      requestId: c.get("requestId"),
    });
    return c.json(problem, 503, {
      "content-type": PROBLEM_CONTENT_TYPE,
      "retry-after": String(RETRY_AFTER_SECONDS),
    });
  });
}

/** What is missing, and why if that is said. */
interface Failure {
  readonly name: string;
  readonly code: ErrorCode;
  readonly detail: string | undefined;
}

async function findFailure(required: ReadinessCheck): Promise<Failure | undefined> {
  const { name } = required;
  const cancel = new AbortController();
  try {
    const timeout = sleep(CHECK_TIMEOUT_MS, undefined, { signal: cancel.signal }).then(() => {
      throw new Error("no answer in time");
    });
    await Promise.race([required.check(), timeout]);
    return undefined;
  } catch (error) {
    return isAppError(error)
      ? { name, code: error.code, detail: error.isPublic ? error.message : undefined }
      : { name, code: "internal", detail: undefined };
  } finally {
    cancel.abort();
  }
}
