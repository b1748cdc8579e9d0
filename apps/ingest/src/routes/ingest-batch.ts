import { createRoute, z } from "@hono/zod-openapi";
import { asParsedBody } from "@turnpike/domain/conversation-cache/conversation-cache";
import { AppError, isAppError } from "@turnpike/domain/errors";
import { isJsonObject } from "@turnpike/domain/json/json";
import type { BodyToEnqueue } from "@turnpike/domain/ports/ports";
import { TurnBody } from "@turnpike/domain/turn/turn-schema";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import { acceptTurn } from "../accept-turn.ts";
import { describeJsonBody } from "../describe-json-body.ts";
import type { RouteDeps } from "../deps.ts";
import { exampleTurn } from "../example-turn.ts";
import { useJsonBody } from "../read-json-body.ts";

/** Of one batch: as many as one enqueue takes in well below the time that a client waits. */
const MAX_TURNS = 1_000;

const Batch = z.object({ turns: z.array(TurnBody).min(1).max(MAX_TURNS) });

const BatchResult = z
  .object({
    accepted: z.int().openapi({ description: "How many turns are durable.", example: 1 }),
    rejected: z.int().openapi({ description: "How many were refused.", example: 1 }),
    errors: z.array(z.string()).openapi({
      description: "Why, in input order, one per refused turn, prefixed with `turn[i]: `.",
      example: ["turn[1]: unprocessable turn: invalid reduced response: missing response.message.role"],
    }),
    receipts: z.array(z.uuid().nullable()).openapi({
      description:
        "One per turn of the batch: `receipts[i]` belongs to `turns[i]`, and is null where that was refused.",
      example: ["0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f", null],
    }),
  })
  .openapi("BatchResult");

const contract = createRoute({
  method: "post",
  path: "/v1/ingest/batch",
  tags: ["ingest"],
  summary: "Take in many turns",
  description: `Each of the turns, at most ${MAX_TURNS}, is judged on its own, in order; those accepted become durable together or not at all.`,
  request: { body: describeJsonBody(Batch, { turns: [exampleTurn] }) },
  responses: {
    202: {
      description: "The accepted turns are durable.",
      content: { "application/json": { schema: BatchResult } },
    },
    ...problemResponses("payload_too_large", "invalid_envelope", "queue_unavailable", "internal"),
  },
});

/** Add `POST /v1/ingest/batch`: validate many turns one by one, make the good ones durable in one go. */
export function addIngestBatch(app: HttpApp, deps: RouteDeps): void {
  const { queue, counters } = deps;
  app.openapi(contract, async (c) => {
    const result = await useJsonBody(c, deps, {
      judge: ({ parsed }) =>
        readTurns(parsed.body).map((turn, index) => judgeTurn(turn, index, c.get("requestId"))),
      orgOf: (judged) => judged.find((verdict) => "turn" in verdict)?.turn.orgId,
      act: async (judged) => {
        const accepted = judged.flatMap((verdict) => ("turn" in verdict ? [verdict.turn] : []));
        if (accepted.length > 0) await queue.enqueue(accepted);
        counters.accepted(accepted.length);
        return {
          refused: judged.flatMap((verdict) => ("error" in verdict ? [verdict.error] : [])),
          receipts: judged.map((verdict) => ("turn" in verdict ? verdict.turn.receipt : null)),
        };
      },
    });
    const { refused, receipts } = result;
    for (const error of refused) counters.rejected(error.code);
    return c.json(
      {
        accepted: receipts.length - refused.length,
        rejected: refused.length,
        errors: refused.map((error) => error.message),
        receipts,
      },
      202,
    );
  });
}

function readTurns(body: unknown): readonly unknown[] {
  if (!isJsonObject(body)) throw refuseBatch("body: expected object");
  const turns = Object.hasOwn(body, "turns") ? body["turns"] : undefined;
  if (turns === undefined || turns === null) throw refuseBatch("empty batch");
  if (!Array.isArray(turns)) throw refuseBatch("turns: expected array");
  if (turns.length === 0) throw refuseBatch("empty batch");
  if (turns.length > MAX_TURNS)
    throw refuseBatch(`batch of ${turns.length} turns, at most ${MAX_TURNS} are taken`);
  return turns;
}

type Verdict = { readonly turn: BodyToEnqueue } | { readonly error: AppError };

function judgeTurn(parsed: unknown, index: number, requestId: string): Verdict {
  try {
    return {
      turn: acceptTurn({ parsed: asParsedBody(parsed), toJson: () => JSON.stringify(parsed), requestId }),
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error: new AppError(error.code, `turn[${index}]: ${error.message}`, { cause: error }) };
  }
}

function refuseBatch(reason: string): AppError {
  return new AppError("invalid_envelope", `invalid envelope: ${reason}`);
}
