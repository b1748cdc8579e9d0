/**
 * The body of `POST /v1/ingest` (ingest contract, section 2). Parsing happens in the order in which the contract's
 * statuses are decided: types and envelope first, then provider, request and response.
 */
import type { Message } from "../providers/block.ts";
import type { Envelope } from "./envelope.ts";
import { AppError } from "../errors.ts";
import { isJsonArray, isJsonObject } from "../json/json.ts";
import { parseRequest } from "../providers/parse-request.ts";
import { isProvider, type Provider, providers } from "../providers/provider.ts";
import { isPlainBlock, readPlainBody } from "./read-plain-body.ts";
import { type CaptureMeta, describeIssue, type ReducedResponse, TurnBody } from "./turn-schema.ts";

/** A turn that can become a chain: its provider is known and its messages are read. */
export interface Turn {
  readonly provider: Provider;
  readonly agentName: string | undefined;
  /** The request's messages in order; the response's message is not among them. */
  readonly messages: readonly Message[];
  readonly response: ReducedResponse;
  readonly envelope: Envelope | undefined;
  readonly meta: CaptureMeta | undefined;
}

/**
 * Read the body of one turn, already parsed from JSON.
 * @throws AppError `invalid_envelope`, `unsupported_provider`, `unparsable_request` or `invalid_response`, in this order;
 *   the message names the field and never repeats its value.
 */
export function readTurnBody(input: unknown): Turn {
  const body = readPlainBody(input) ?? readBySchema(input);
  if (!isProvider(body.provider)) throw unsupportedProvider(body.provider);
  const messages = parseRequest(body.provider, body.request);
  checkResponse(body.response);
  return {
    provider: body.provider,
    agentName: body.agent_name,
    messages,
    response: body.response,
    envelope: body.session,
    meta: body.meta,
  };
}

function readBySchema(input: unknown): TurnBody {
  const shortened = withoutSurplus(input);
  let parsed = TurnBody.safeParse(shortened);
  if (parsed.success && shortened !== input) parsed = TurnBody.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_envelope", `invalid envelope: ${describeIssue(parsed.error)}`);
}

/** One bad block is as good as a million, of each of which the schema would say what is wrong; only the first is told. */
function withoutSurplus(input: unknown): unknown {
  const response = isJsonObject(input) ? input["response"] : undefined;
  const message = isJsonObject(response) ? response["message"] : undefined;
  if (!isJsonObject(input) || !isJsonObject(response) || !isJsonObject(message)) return input;
  const { content } = message;
  const bad = isJsonArray(content) ? content.findIndex((block) => !isPlainBlock(block)) : -1;
  if (!isJsonArray(content) || bad < 0) return input;
  return { ...input, response: { ...response, message: { ...message, content: content.slice(0, bad + 1) } } };
}

// The only value that an error text repeats, so it is cut short.
function unsupportedProvider(provider: string): AppError {
  const shown = JSON.stringify(provider.slice(0, 64));
  return new AppError(
    "unsupported_provider",
    `unprocessable turn: unsupported provider ${shown} (supported: [${providers.join(" ")}])`,
  );
}

function checkResponse(response: ReducedResponse): void {
  const missing = (field: string): AppError =>
    new AppError(
      "invalid_response",
      `unprocessable turn: invalid reduced response: missing response.message.${field}`,
    );
  if (response.message.role === "") throw missing("role");
  if (response.message.content.length === 0) throw missing("content");
  response.message.content.forEach((block, index) => {
    if (block.type === "") throw missing(`content[${index}].type`);
  });
}
