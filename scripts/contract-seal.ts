/**
 * The seal of a served contract: a fingerprint of its OpenAPI document without the prose. It changes when what a client can
 * rely on changes, and only then, so a changed contract is one visible line in a diff of `docs/contract-seals.json`.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "@turnpike/domain/chain/canonical-json";
import { isJsonObject, type JsonValue } from "@turnpike/domain/json/json";

const PROSE: ReadonlySet<string> = new Set([
  "description",
  "summary",
  "title",
  "example",
  "examples",
  "info",
]);

/** Compute the seal of an OpenAPI document. */
export function sealOf(document: JsonValue): string {
  return createHash("sha256")
    .update(canonicalJson(withoutProse(document)))
    .digest("hex");
}

/** Names of properties are no prose, also those that are called like it. */
function withoutProse(value: JsonValue, isNameMap = false): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => withoutProse(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isNameMap || !PROSE.has(key))
      .map(([key, item]) => [key, withoutProse(item, !isNameMap && key === "properties")]),
  );
}
