import type { Message } from "./block.ts";
import { unparsableRequest } from "./check-request.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json/json.ts";
import { parseAnthropic } from "./anthropic.ts";
import { parseOllama } from "./ollama.ts";
import { parseOpenaiChat } from "./openai-chat.ts";
import { parseOpenaiResponses } from "./openai-responses.ts";
import type { Provider } from "./provider.ts";

/**
 * Parse a provider's request into its messages, in order; without `messages` (and `input`) there are none.
 * System prompts outside `messages`, tools and sampling parameters are no messages. What is kept opaque is shared with
 * the request, not copied.
 * @throws AppError `unparsable_request`, naming the field and the rule it breaks.
 */
export function parseRequest(provider: Provider, request: JsonValue): Message[] {
  if (!isJsonObject(request)) throw unparsableRequest("request", "expected an object");
  return parsers[provider](request);
}

const parsers = {
  anthropic: parseAnthropic,
  openai: (request) => (isResponses(request) ? parseOpenaiResponses(request) : parseOpenaiChat(request)),
  ollama: parseOllama,
} satisfies Record<Provider, (request: JsonObject) => Message[]>;

const isPresent = (value: JsonValue | undefined): boolean => value !== undefined && value !== null;

const isResponses = (request: JsonObject): boolean =>
  isPresent(request["input"]) && !isPresent(request["messages"]);
