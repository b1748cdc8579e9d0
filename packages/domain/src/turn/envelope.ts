/**
 * The session envelope of a turn (ingest contract, section 4): who ran it, in which session of which harness,
 * and what that session descends from.
 */
import { z } from "zod";
import { findJsonFault } from "../json/find-json-fault.ts";
import { isJsonObject, type JsonObject } from "../json/json.ts";
import { MAX_FACT_LENGTH, MAX_HARNESS_ID_LENGTH, MAX_SESSION_ID_LENGTH } from "./turn-limits.ts";

/** The org of every turn that names none. */
export const NIL_UUID = "00000000-0000-0000-0000-000000000000";

/** The harness of every envelope that names none; its sessions are always synthetic. */
export const UNKNOWN_HARNESS = "unknown";

const blankIsAbsent = (value: string | null | undefined): string | undefined =>
  value === null || value === undefined || value.trim() === "" ? undefined : value;

const fact = z.string().max(MAX_FACT_LENGTH).nullish().transform(blankIsAbsent);

/**
 * A JSON object that is passed through as it is: no key is dropped, none is copied. Its nesting and its numbers are
 * bounded, so that it can be hashed and stored.
 */
export const JsonObjectSchema = z
  .custom<JsonObject>(isJsonObject, "must be a JSON object")
  .superRefine((value, context) => {
    const fault = findJsonFault(value);
    if (fault !== undefined) context.addIssue(fault);
  })
  .meta({ type: "object", additionalProperties: true });

/** The `session` object as it comes in; parses to normalised facts, still under their wire names. */
export const Envelope = z.object({
  org_id: z
    .string()
    .nullish()
    .transform((value) => (value ? value.toLowerCase() : NIL_UUID))
    .pipe(z.uuid("org_id is not a valid UUID")),
  auth_subject: z
    .string()
    .max(MAX_FACT_LENGTH)
    .nullish()
    .transform((value) => value ?? ""),
  harness_id: z
    .string()
    .max(MAX_HARNESS_ID_LENGTH)
    .nullish()
    .transform((value) => value || UNKNOWN_HARNESS),
  harness_session_id: z
    .string()
    .max(MAX_SESSION_ID_LENGTH)
    .nullish()
    .transform((value) => value ?? ""),
  parent_harness_session_id: z
    .string()
    .min(1, "must not be empty: omit it when there is no parent")
    .max(MAX_SESSION_ID_LENGTH)
    .nullish()
    .transform((value) => value ?? undefined),
  parent_harness_id: z
    .string()
    .max(MAX_HARNESS_ID_LENGTH)
    .nullish()
    .transform((value) => value || undefined),
  harness_version: fact,
  cwd: fact,
  name: fact,
  harness_metadata: JsonObjectSchema.nullish().transform((value) => value ?? undefined),
});

/** A normalised envelope. */
export type Envelope = z.output<typeof Envelope>;

/**
 * Find the id under which a turn's session is known to its harness: the harness's own, or a synthetic one (the first
 * 16 hex characters of the chain's root hash) when it gave none or is itself unknown.
 */
export function sessionIdOf(envelope: Envelope, rootHash: string): string {
  const isSynthetic = envelope.harness_session_id === "" || envelope.harness_id === UNKNOWN_HARNESS;
  return isSynthetic ? rootHash.slice(0, 16) : envelope.harness_session_id;
}
