/** The yardstick's own chain: the hashes of the contract by the shortest way, for the blocks that the bodies have. */

/** What the yardstick reads of a body. */
export interface YardstickBody {
  readonly request: { readonly messages: readonly YardstickMessage[] };
  readonly response: {
    readonly message: YardstickMessage;
    readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
  };
  readonly session: { readonly harness_session_id: string };
}

interface YardstickMessage {
  readonly role: string;
  readonly content: string | readonly YardstickBlock[];
}

type YardstickBlock = Readonly<Record<string, unknown>> & { readonly type: string };

/** A hashed message. */
export interface ChainNode {
  readonly hash: string;
  readonly parent: string;
  readonly role: string;
  readonly content: unknown;
}

const TAGS =
  "system-reminder command-name command-message command-args local-command-stdout local-command-stderr local-command-caveat session conversation new-diagnostics task-notification status summary transcript event tool-use-id output-file task-id environment_context".split(
    " ",
  );

/** Hash the messages of a turn, root to leaf. */
export function chainOf(body: YardstickBody, sha256: (text: string) => string): ChainNode[] {
  let parent = "";
  return [...body.request.messages, body.response.message].map(({ role, content }) => {
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
    const projected = blocks.map(project);
    const hash = sha256(writeCanonical({ content: { content: projected, role, type: "message" }, parent }));
    const node = { hash, parent, role, content: projected };
    parent = hash;
    return node;
  });
}

function project(block: YardstickBlock): unknown {
  const { type } = block;
  return {
    type,
    is_error: block["is_error"] === true,
    ...(typeof block["text"] === "string" ? { text: clean(block["text"]) } : {}),
    ...(type === "tool_use"
      ? {
          tool_use_id: block["id"] ?? block["tool_use_id"],
          tool_name: block["name"] ?? block["tool_name"],
          tool_input: block["input"] ?? block["tool_input"],
        }
      : {}),
    ...(type === "tool_result"
      ? { tool_result_id: block["tool_use_id"], tool_output: clean(String(block["content"])) }
      : {}),
  };
}

function clean(text: string): string {
  return stripTags(text)
    .replaceAll("\r\n", "\n")
    .replace(/[ \t]+\n/g, "\n")
    .replace(/\n{2,}/g, "\n")
    .trim();
}

function stripTags(text: string): string {
  if (!text.includes("<")) return text;
  let left = text;
  for (const tag of TAGS) {
    for (let start = left.indexOf(`<${tag}>`); start >= 0; start = left.indexOf(`<${tag}>`)) {
      const close = `</${tag}>`;
      const end = left.indexOf(close, start);
      left = end < 0 ? left.slice(0, start) : left.slice(0, start) + left.slice(end + close.length);
    }
  }
  return left;
}

function writeCanonical(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(writeCanonical).join(",")}]`;
  const members = value as Readonly<Record<string, unknown>>;
  // Without a compare function: the keys are sorted by the engine, which costs a yardstick less.
  // oxlint-disable-next-line typescript/require-array-sort-compare
  const keys = Object.keys(members).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${writeCanonical(members[key])}`).join(",")}}`;
}
