import { createRoute } from "@hono/zod-openapi";
import { isAppError } from "@turnpike/domain/errors";
import { TurnBody } from "@turnpike/domain/turn/turn-schema";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import { acceptTurn } from "../accept-turn.ts";
import { Accepted } from "../accepted.ts";
import { describeJsonBody } from "../describe-json-body.ts";
import type { RouteDeps } from "../deps.ts";
import { exampleTurn } from "../example-turn.ts";
import { useJsonBody } from "../read-json-body.ts";

const contract = createRoute({
  method: "post",
  path: "/v1/ingest",
  tags: ["ingest"],
  summary: "Take in one turn",
  description:
    "202 means durable: the turn survives a crash of every process. Sending the same turn again is harmless; it is stored once.",
  request: { body: describeJsonBody(TurnBody, exampleTurn) },
  responses: {
    202: { description: "The turn is durable.", content: { "application/json": { schema: Accepted } } },
    ...problemResponses(
      "payload_too_large",
      "invalid_envelope",
      "unsupported_provider",
      "unparsable_request",
      "invalid_response",
      "queue_unavailable",
      "internal",
    ),
  },
});

/** Add `POST /v1/ingest`: validate one turn, make it durable, answer with its receipt. */
export function addIngestTurn(app: HttpApp, deps: RouteDeps): void {
  const { queue, counters } = deps;
  app.openapi(contract, async (c) => {
    try {
      const receipt = await useJsonBody(c, deps, {
        judge: ({ parsed, bytes }) =>
          acceptTurn({ parsed, toJson: () => bytes, requestId: c.get("requestId") }),
        orgOf: (turn) => turn.orgId,
        act: async (turn) => {
          await queue.enqueue([turn]);
          return turn.receipt;
        },
      });
      counters.accepted(1);
      return c.json({ status: "accepted" as const, receipt }, 202);
    } catch (error) {
      counters.rejected(isAppError(error) ? error.code : "internal");
      throw error;
    }
  });
}
