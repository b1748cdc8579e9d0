/**
 * The body of `POST /v1/ingest` (ingest contract, section 2). Parsing happens in the order in which the contract's
 * statuses are decided: types and envelope first, then provider, request and response.
 */
import { z } from "zod";
import type { Message } from "../providers/block.ts";
import { Envelope, JsonObjectSchema } from "./envelope.ts";
import { AppError } from "../errors.ts";
import { findJsonFault } from "../json/find-json-fault.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../json/json.ts";
import { parseRequest } from "../providers/parse-request.ts";
import { isProvider, type Provider, providers } from "../providers/provider.ts";
import { isPlainBlock, readPlainBody } from "./read-plain-body.ts";
import { MAX_TOKENS } from "./turn-limits.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);
const textOrEmpty = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? undefined);
const tokens = z
  .int()
  .min(0)
  .max(MAX_TOKENS)
  .nullish()
  .transform((value) => value ?? undefined);
const nanoseconds = z
  .int()
  .min(0)
  .nullish()
  .transform((value) => value ?? undefined);
const opaque = z
  .custom<JsonValue>()
  .optional()
  .superRefine((value, context) => {
    const fault = value === undefined ? undefined : findJsonFault(value);
    if (fault !== undefined) context.addIssue(fault);
  });

/** One block of the reduced response. A missing `type` is no type error: it is reported as an invalid response. */
const ResponseBlock = z.object({
  type: textOrEmpty,
  text: text,
  image_url: text,
  image_base64: text,
  media_type: text,
  tool_use_id: text,
  tool_name: text,
  tool_input: JsonObjectSchema.nullish().transform((value) => value ?? undefined),
  tool_result_id: text,
  tool_output: text,
  is_error: flag,
  thinking: text,
  thinking_signature: text,
  content: opaque.transform((value) => value ?? undefined),
});

/** Token counts and durations of one exchange; `prompt_tokens` already includes both cache counters. */
export const Usage = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_read_input_tokens: tokens,
  total_duration_ns: nanoseconds,
  prompt_duration_ns: nanoseconds,
});

/** Token counts and durations of one exchange. */
export type Usage = z.output<typeof Usage>;

/** The reduced response of a turn: one assistant message with its usage, whatever the provider's own shape. */
const ReducedResponse = z.object({
  model: textOrEmpty,
  created_at: z.iso
    .datetime({ offset: true, error: "must be an RFC 3339 date and time" })
    .nullish()
    .transform((value) => value ?? undefined),
  message: z
    .object({
      role: textOrEmpty,
      content: z
        .array(ResponseBlock)
        .nullish()
        .transform((value) => value ?? []),
    })
    .nullish()
    .transform((value) => value ?? { role: "", content: [] }),
  done: flag,
  stop_reason: text,
  usage: Usage.nullish().transform((value) => value ?? undefined),
  extra: JsonObjectSchema.nullish().transform((value) => value ?? undefined),
});

/** The reduced response of a turn. */
type ReducedResponse = z.output<typeof ReducedResponse>;

/** What the capture client knows of the exchange; other keys are ignored. */
const CaptureMeta = z.object({
  request_id: text,
  upstream_request_id: text,
  thread_id: text,
  elapsed_seconds: z
    .number()
    .nullish()
    .transform((value) => value ?? undefined),
  ts_request: text,
  captured_at: text,
});

/** What the capture client knows of the exchange. */
type CaptureMeta = z.output<typeof CaptureMeta>;

/** The whole body, types only: `readTurnBody` also asks whether it can become a chain. */
export const TurnBody = z.object({
  provider: textOrEmpty,
  agent_name: text,
  // Whether it is there at all, and of the right shape, is for `parseRequest` to say.
  request: z
    .custom<JsonValue>()
    .optional()
    .transform((value) => value ?? null),
  response: ReducedResponse.nullish().transform((value) => value ?? ReducedResponse.parse({})),
  session: Envelope.nullish().transform((value) => value ?? undefined),
  meta: CaptureMeta.nullish().transform((value) => value ?? undefined),
});

/** A body whose types are right. */
export type TurnBody = z.output<typeof TurnBody>;

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

/** Say what is wrong with an input, by the first issue found: the field's path, then the rule it breaks. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "malformed";
  // Capture clients match on this one, which names its field without a path.
  if (issue.code === "invalid_format" && issue.path.at(-1) === "org_id") return issue.message;
  const path = issue.path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("");
  const rule = issue.message.replace(/^Invalid input: /, "").replace(/^Too (big|small): /, "");
  return path === "" ? `body: ${rule}` : `${path.replace(/^\./, "")}: ${rule}`;
}
