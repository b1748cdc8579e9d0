import type { BodyHistory, ParsedBody } from "@turnpike/domain/conversation-cache/conversation-cache";
import { AppError, isAppError } from "@turnpike/domain/errors";
import { exceeds } from "@turnpike/domain/json/parse-json";
import { createJsonScanner } from "@turnpike/domain/json/scan-json";
import type { HttpEnv } from "@turnpike/kit/http/http-env";
import { requireJsonContentType } from "@turnpike/kit/http/json-content-type";
import { type BodyLimits, type InspectChunk, readBody } from "@turnpike/kit/body/read-body";
import type { Context } from "hono";
import type { BodyRoom } from "./memory-limiter.ts";
import type { RouteDeps } from "./deps.ts";

/** A request's body, both ways, so that nobody parses or serialises it again. */
export interface JsonBody {
  /** UTF-8, as received, without its Content-Encoding. */
  readonly bytes: Buffer;
  /** It must not be changed. */
  readonly parsed: ParsedBody;
}

/** What is done with a request's body. */
export interface BodyUse<T, R> {
  /** Judge the body. The parsed form, the largest of all, lives no longer than this, but for what the history keeps. */
  readonly judge: (body: JsonBody) => T;
  /** Tell the org for which what was judged good waits; of several, one. */
  readonly orgOf: (judged: T) => string | undefined;
  /** Act on the judgement. The body counts as held until this has ended. */
  readonly act: (judged: T) => Promise<R>;
}

/**
 * Read a request's body as JSON and act on it. Its size is decided first, then its Content-Type, then whether it parses.
 * @throws AppError `queue_unavailable` when there is no room for it or for more of its org, `payload_too_large`, then
 *   `invalid_envelope`; what `judge` and `act` throw.
 */
export async function useJsonBody<T, R>(
  c: Context<HttpEnv>,
  { limits, memory, history }: Pick<RouteDeps, "limits" | "memory" | "history">,
  { judge, orgOf, act }: BodyUse<T, R>,
): Promise<R> {
  const declaredBytes = Number(c.req.header("content-length") ?? Number.NaN);
  // What is too large in any case is refused for that.
  const room = memory.enter(
    declaredBytes > limits.receivedBytes ? 0 : declaredBytes,
    c.env?.incoming?.socket,
  );
  try {
    const judged = await readAndJudge(c, { limits, history, room }, judge);
    const orgId = orgOf(judged);
    if (orgId !== undefined) room.belongTo(orgId);
    return await act(judged);
  } finally {
    room.end();
  }
}

// Apart, so that text and parsed form do not live on while it is acted on the judgement.
async function readAndJudge<T>(
  c: Context<HttpEnv>,
  { limits, history, room }: { limits: BodyLimits; history: BodyHistory; room: BodyRoom },
  judge: (body: JsonBody) => T,
): Promise<T> {
  const isEncoded = c.req.header("content-encoding") !== undefined;
  const bytes = await readBody(c, limits, room, isEncoded ? createInspector() : undefined);
  requireJsonContentType(c.req.header("content-type"));
  await room.beforeText();
  return judge({ bytes, parsed: parse(bytes, history, isEncoded) });
}

/** What a few bytes become is looked over as they inflate: a bomb is refused before it takes any room. */
function createInspector(): InspectChunk {
  const scanner = createJsonScanner();
  return (chunk) => {
    const excess = scanner.scan(chunk);
    if (excess !== undefined) throw exceeds(excess);
  };
}

// The parser's own message quotes the body.
function parse(bytes: Buffer, history: BodyHistory, isWithinBounds: boolean): ParsedBody {
  try {
    return history.parse(bytes, isWithinBounds);
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError("invalid_envelope", "invalid envelope: body: not valid JSON");
  }
}
