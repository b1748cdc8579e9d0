import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@turnpike/domain/errors";
import type { HttpApp } from "@turnpike/kit/http-env";
import { problemResponses } from "@turnpike/kit/problem";
import type { TimelineDeps } from "../deps.ts";
import { hash, orgQuery, uuidParam } from "../fields.ts";
import { orgOfReader } from "../org-of-reader.ts";

const receipt = z.uuid();
const sequence = z.int();
const headHash = hash.openapi({ description: "Of a turn's head; absent for a post of events." });
const turnId = z.uuid().openapi({ description: "Absent for a post of events." });

const Receipt = z
  .discriminatedUnion("state", [
    z.object({ receipt, state: z.literal("queued") }),
    z.object({
      receipt,
      state: z.literal("stored"),
      headHash: headHash.optional(),
      sessionId: z
        .uuid()
        .optional()
        .openapi({ description: "Absent when the turn came without an envelope." }),
      turnId: turnId.optional(),
      firstSequence: sequence.optional(),
      lastSequence: sequence.optional(),
    }),
    z.object({
      receipt,
      state: z.literal("duplicate"),
      headHash: headHash.optional(),
      sessionId: z.uuid().optional(),
      turnId: turnId.optional().openapi({ description: "The turn that was there before." }),
    }),
    z.object({
      receipt,
      state: z.literal("dead"),
      reason: z.string().openapi({ description: "The error's code, then its message." }),
      attempts: z.int(),
    }),
  ])
  .openapi("Receipt");

type Receipt = z.infer<typeof Receipt>;

const contract = createRoute({
  method: "get",
  path: "/v1/receipts/{receipt}",
  tags: ["receipts"],
  summary: "Ask what became of an accepted turn or post of events",
  request: { params: z.object({ receipt: uuidParam("receipt") }), query: z.object(orgQuery) },
  responses: {
    200: { description: "Where it is.", content: { "application/json": { schema: Receipt } } },
    ...problemResponses("invalid_query", "not_found", "queue_unavailable", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/receipts/{receipt}`. */
export function addGetReceipt(app: HttpApp, deps: TimelineDeps): void {
  app.openapi(contract, async (c) =>
    c.json(await getReceipt(deps, orgOfReader(c), c.req.valid("param").receipt), 200),
  );
}

/** A turn that is stored while it is looked for in the queue is in neither place for whoever looks only once. */
async function getReceipt(deps: TimelineDeps, orgId: string, id: string): Promise<Receipt> {
  const ended = await findEnded(deps, orgId, id);
  if (ended !== undefined) return ended;
  const queued = await deps.receiptFinder.findReceipt(orgId, id);
  if (queued !== undefined) return { receipt: id, ...queued };
  const endedSince = await findEnded(deps, orgId, id);
  if (endedSince === undefined) throw new AppError("not_found", "no such receipt");
  return endedSince;
}

async function findEnded(deps: TimelineDeps, orgId: string, id: string): Promise<Receipt | undefined> {
  const row = await deps.reader.findReceipt(orgId, id);
  if (row === undefined) return undefined;
  const place = {
    receipt: id,
    ...(row.headHash === null ? {} : { headHash: row.headHash }),
    ...(row.sessionId === null ? {} : { sessionId: row.sessionId }),
    ...(row.turnId === null ? {} : { turnId: row.turnId }),
  };
  if (row.outcome === "duplicate") return { ...place, state: "duplicate" };
  return {
    ...place,
    state: "stored",
    ...(row.firstSequence === null ? {} : { firstSequence: row.firstSequence }),
    ...(row.lastSequence === null ? {} : { lastSequence: row.lastSequence }),
  };
}
