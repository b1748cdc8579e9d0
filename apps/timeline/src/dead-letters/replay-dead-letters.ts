import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { actResponses } from "./bulk-answer.ts";
import { replaySchema, parseReplay } from "./selection.ts";
import { actorOf } from "../auth/actor-of.ts";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery } from "../http/fields.ts";
import { planAct } from "./plan-bulk.ts";
import { readJson } from "../http/read-json.ts";
import { replayLetters } from "./replay-letters.ts";
import { requireScope } from "../auth/require-scope.ts";
import { signalOf } from "../http/signal-of.ts";

const contract = createRoute({
  method: "post",
  path: "/v1/dead-letters/replay",
  tags: ["dead letters"],
  summary: "Put dead letters back into the queue",
  description:
    "Needs the scope `admin`, which open mode grants. Harmless to repeat: a letter whose job is in the queue, or that was stored, is left " +
    "alone. Answers within about 20 seconds; `nextCursor` says where to go on. The body of the request has at most 64 KiB. The header " +
    "`X-Turnpike-Actor` says who does it.",
  request: {
    query: z.object(orgQuery),
    body: { required: true, content: { "application/json": { schema: replaySchema } } },
  },
  responses: actResponses,
});

/** Add `POST /v1/dead-letters/replay`. */
export function addReplayDeadLetters(app: HttpApp, deps: TimelineDeps): void {
  const { deadLetters, queue, replayer, stopSignal } = deps;
  const replayQueue = {
    isQueued: async (orgId: string, receipt: string) =>
      (await queue.findReceipt(orgId, receipt)) !== undefined,
    replay: (orgId: string, receipt: string, job: Uint8Array) => replayer.replay(orgId, receipt, job),
  };
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    const act = parseReplay(c, await readJson(c));
    if (act.dryRun) return c.json(await planAct(deadLetters, act), 200);
    const { signal, release } = signalOf(c, stopSignal);
    try {
      return c.json(await replayLetters({ deadLetters, queue: replayQueue }, act, actorOf(c), signal), 200);
    } finally {
      release();
    }
  });
}
