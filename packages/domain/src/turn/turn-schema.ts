/** The types of a turn's body, as the wire contract has them (ingest contract, section 2). */
import { z } from "zod";
import { findJsonFault } from "../json/find-json-fault.ts";
import type { JsonValue } from "../json/json.ts";
import { Envelope, JsonObjectSchema } from "./envelope.ts";
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
export type ReducedResponse = z.output<typeof ReducedResponse>;

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
export type CaptureMeta = z.output<typeof CaptureMeta>;

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
