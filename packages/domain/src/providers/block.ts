import type { JsonObject, JsonValue } from "../json/json.ts";

/**
 * One block of a message, in the wire names of the ingest contract. What is stored is this, as received;
 * what is hashed is its projection (`project-block.ts`).
 */
export interface Block {
  readonly type: string;
  readonly text?: string | undefined;
  readonly image_url?: string | undefined;
  readonly image_base64?: string | undefined;
  readonly media_type?: string | undefined;
  readonly tool_use_id?: string | undefined;
  readonly tool_name?: string | undefined;
  readonly tool_input?: JsonObject | undefined;
  readonly tool_result_id?: string | undefined;
  readonly tool_output?: string | undefined;
  readonly is_error?: boolean | undefined;
  readonly thinking?: string | undefined;
  readonly thinking_signature?: string | undefined;
  /** Opaque JSON of a block type that has no fields of its own here. */
  readonly content?: JsonValue | undefined;
}

/** One message of a conversation; becomes one node. */
export interface Message {
  readonly role: string;
  readonly content: readonly Block[];
}
