/**
 * The body of `POST /v1/ingest/events` (timeline contract, section 6): lifecycle events of one session, in the harness's
 * own words. All of it is refused or all of it is taken.
 */
import { z } from "zod";
import { Envelope, JsonObjectSchema, UNKNOWN_HARNESS } from "../turn/envelope.ts";
import { AppError } from "../errors.ts";
import { readTime } from "../turn/read-time.ts";
import { EVENT_TYPE, isReservedEventId, isTombstoneType, MAX_EVENT_TYPE_LENGTH } from "./reserved-events.ts";
import { describeIssue } from "../turn/turn-schema.ts";

/** Of one post: as many as one transaction writes in well below the time that a lock may be held. */
export const MAX_EVENTS = 1_000;

// Part of a unique key: at up to 3 bytes of UTF-8 per UTF-16 unit it stays below the 2,704 bytes of a btree entry.
const MAX_ID_LENGTH = 200;
const MAX_RUN_ID_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 100_000;

/** An envelope that names a session. There is no chain that an id could be derived from. */
const SessionEnvelope = Envelope.superRefine((envelope, context) => {
  const refuse = (field: string): void =>
    context.addIssue({
      code: "custom",
      path: [field],
      message: "must be given: events belong to a session that its harness names",
    });
  if (envelope.harness_id === UNKNOWN_HARNESS) refuse("harness_id");
  if (envelope.harness_session_id === "") refuse("harness_session_id");
});

const LifecycleEvent = z.object({
  id: z
    .string()
    .min(1, "must not be empty: omit it when there is none")
    .max(MAX_ID_LENGTH)
    .refine((id) => !isReservedEventId(id), "begins with a word that Turnpike keeps for its own events")
    .nullish()
    .transform((value) => value ?? undefined),
  type: z
    .string()
    .max(MAX_EVENT_TYPE_LENGTH)
    .regex(EVENT_TYPE, "must be snake_case: a-z and _ only")
    .refine((type) => !isTombstoneType(type), "is a type that only Turnpike itself may write"),
  occurred_at: z
    .string()
    .refine(
      (value) => readTime(value) !== undefined,
      "must be an RFC 3339 date and time of the years 1970 to 9999",
    )
    .nullish()
    .transform((value) => (value === null || value === undefined ? undefined : readTime(value))),
  run_id: z
    .string()
    .min(1, "must not be empty: omit it when there is no run")
    .max(MAX_RUN_ID_LENGTH)
    .nullish()
    .transform((value) => value ?? undefined),
  message: z
    .string()
    .max(MAX_MESSAGE_LENGTH)
    .nullish()
    .transform((value) => value ?? undefined),
  metadata: JsonObjectSchema.nullish().transform((value) => value ?? undefined),
});

/** The whole body; parses to a normalised envelope and events whose times are UTC. */
export const EventsBody = z.object({
  session: SessionEnvelope,
  events: z.array(LifecycleEvent).min(1).max(MAX_EVENTS),
});

/** A body that was taken. */
export type EventsBody = z.output<typeof EventsBody>;

/**
 * Read the body of a post of events, already parsed from JSON.
 * @throws AppError `invalid_envelope`; the message names the field, with its index, and never repeats its value.
 */
export function readEventsBody(input: unknown): EventsBody {
  const parsed = EventsBody.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_envelope", `invalid envelope: ${describeIssue(parsed.error)}`);
}
