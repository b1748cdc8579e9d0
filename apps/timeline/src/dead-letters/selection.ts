/** The body of an act over dead letters: which ones, and how. */
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { AppError } from "@turnpike/domain/errors";
import { describeIssue } from "@turnpike/domain/turn/turn-schema";
import type { HttpEnv } from "@turnpike/kit/http/http-env";
import type { LetterFilter } from "@turnpike/store/dead-letters/letter-filter";
import type { Context } from "hono";
import { z } from "zod";
import { errorCode } from "./dead-letter-item.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { instant } from "../sessions/session-fields.ts";

const MAX_RECEIPTS = 1_000;

/** How many letters one request looks at, at most. */
const MAX_LETTERS = 10_000;
const DEFAULT_LETTERS = 1_000;

/** Letters a second: a replay is to disturb the work of the day as little as it can. */
const MAX_RATE = 1_000;
const DEFAULT_RATE = 50;

const uuid = z.uuid("is not a valid UUID").transform((value) => value.toLowerCase());

const criteria = {
  receipts: z.array(uuid).min(1).max(MAX_RECEIPTS).optional(),
  orgId: uuid.optional(),
  allOrgs: z.boolean().default(false),
  code: errorCode.optional(),
  since: instant("Inclusive, against `lastFailedAt`."),
  until: instant("Exclusive, against `lastFailedAt`."),
  all: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  limit: z.int().min(1).max(MAX_LETTERS).default(DEFAULT_LETTERS),
  cursor: z.string().optional(),
};

// Strict: a criterion that is misspelt would widen the act.
const Discard = z.strictObject(criteria);
const Replay = z.strictObject({
  ...criteria,
  ratePerSecond: z.int().min(1).max(MAX_RATE).default(DEFAULT_RATE),
});

/** An act over dead letters. */
export interface Act {
  readonly filter: LetterFilter;
  readonly dryRun: boolean;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** An act that puts letters back into the queue. */
export interface ReplayAct extends Act {
  readonly ratePerSecond: number;
}

/**
 * Read what is to be discarded.
 * @throws AppError `invalid_query`, also when nothing says which letters are meant.
 */
export function parseDiscard(c: Context<HttpEnv>, body: unknown): Act {
  return toAct(c, parse(Discard, body));
}

/**
 * Read what is to be replayed.
 * @throws AppError `invalid_query`, also when nothing says which letters are meant.
 */
export function parseReplay(c: Context<HttpEnv>, body: unknown): ReplayAct {
  const parsed = parse(Replay, body);
  return { ...toAct(c, parsed), ratePerSecond: parsed.ratePerSecond };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_query", describeIssue(parsed.error));
}

function toAct(c: Context<HttpEnv>, parsed: z.output<typeof Discard>): Act {
  const { receipts, orgId, allOrgs, code, since, until, all, dryRun, limit, cursor } = parsed;
  // Checked in any case: a request that names an org which is none is not understood.
  const ofReader = orgOfReader(c);
  if (allOrgs && orgId !== undefined) throw refuse("allOrgs: cannot be given together with orgId");
  const criteria = [receipts, orgId, code, since, until].filter((criterion) => criterion !== undefined);
  if (criteria.length === 0 && !all)
    throw refuse("must name receipts, orgId, code, since or until, or say `all: true`");
  if (criteria.length > 0 && all) throw refuse("all: cannot be given together with anything narrower");
  return {
    filter: { receipts, orgId: allOrgs ? undefined : (orgId ?? ofReader), code, since, until },
    dryRun,
    limit,
    cursor,
  };
}

function refuse(detail: string): AppError {
  return new AppError("invalid_query", detail);
}

const uuidSchema = { type: "string" as const, format: "uuid" };
const timeSchema = { type: "string" as const, format: "date-time" };
const boolSchema = { type: "boolean" as const, default: false };

const discardProperties = {
  receipts: { type: "array" as const, items: uuidSchema, minItems: 1, maxItems: MAX_RECEIPTS },
  orgId: { ...uuidSchema, description: `The org; the reader's own when absent, in open mode ${NIL_UUID}.` },
  allOrgs: { ...boolSchema, description: "The letters of every org." },
  code: { type: "string" as const, enum: [...errorCode.options] },
  since: { ...timeSchema, description: "Inclusive, against `lastFailedAt`." },
  until: { ...timeSchema, description: "Exclusive, against `lastFailedAt`." },
  all: {
    ...boolSchema,
    description: "Every dead letter of the org, or of all; needed when nothing else is given.",
  },
  dryRun: { ...boolSchema, description: "Do nothing; say what would be done." },
  limit: { type: "integer" as const, minimum: 1, maximum: MAX_LETTERS, default: DEFAULT_LETTERS },
  cursor: {
    type: "string" as const,
    description: "`nextCursor` of the part before, with the same criteria.",
  },
};

// In words of its own, so that the framework does not read the body: it would take one of any size.
/** The schema of a body that says what is to be discarded. */
export const discardSchema = {
  type: "object" as const,
  additionalProperties: false,
  properties: discardProperties,
  example: { code: "store_rejected", dryRun: true },
};

/** The schema of a body that says what is to be replayed. */
export const replaySchema = {
  ...discardSchema,
  properties: {
    ...discardProperties,
    ratePerSecond: { type: "integer" as const, minimum: 1, maximum: MAX_RATE, default: DEFAULT_RATE },
  },
};
