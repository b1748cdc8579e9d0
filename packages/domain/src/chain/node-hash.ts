import { createHash } from "node:crypto";
import type { Message } from "../providers/block.ts";
import { canonicalString } from "./canonical-json.ts";
import { projectBlock } from "./project-block.ts";

/**
 * Write the text whose hash names a node: the RFC 8785 form of its role, its projected blocks and its parent's hash
 * (`""` for a root). Nothing else of a message is part of it.
 * @throws AppError `unparsable_request` when a block's opaque JSON is nested too deep.
 */
export function canonicalNode(message: Message, parentHash: string | null): string {
  let blocks = "";
  for (const block of message.content) {
    const projected = projectBlock(block);
    if (projected !== undefined) blocks += (blocks === "" ? "" : ",") + projected;
  }
  const role = canonicalString(message.role);
  const parent = canonicalString(parentHash ?? "");
  return `{"content":{"content":[${blocks}],"role":${role},"type":"message"},"parent":${parent}}`;
}

/**
 * Hash a message as the child of a node: lower-case hex SHA-256 of its canonical text in UTF-8.
 * @throws AppError `unparsable_request` when a block's opaque JSON is nested too deep.
 */
export function hashNode(message: Message, parentHash: string | null): string {
  return createHash("sha256").update(canonicalNode(message, parentHash), "utf8").digest("hex");
}
