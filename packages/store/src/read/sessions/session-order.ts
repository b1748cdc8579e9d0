import { AppError } from "@turnpike/domain/errors";
import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { sessions } from "../../schema.ts";
import { isoTime } from "../../connection/read-database.ts";

/** By what sessions may be sorted. */
export const sessionSorts = [
  "last_seen_at",
  "started_at",
  "turn_count",
  "total_cost_usd",
  "total_tokens",
] as const;

/** By what sessions may be sorted; `total_tokens` is input and output together. */
export type SessionSort = (typeof sessionSorts)[number];

/** How a page of sessions is sorted and where it starts. Each value has an index that ends in the id. */
export interface SessionOrder {
  readonly value: SQL;
  /** The value as text that loses nothing: microseconds, every decimal. */
  readonly text: SQL<string>;
  /** The text's type in the database. */
  readonly type: "timestamptz" | "bigint" | "numeric";
}

const tokens = sql`(${sessions.totalInputTokens} + ${sessions.totalOutputTokens})`;

/** How each sort is done. */
export const sessionOrders: Readonly<Record<SessionSort, SessionOrder>> = {
  last_seen_at: {
    value: sql`${sessions.lastSeenAt}`,
    text: isoTime(sessions.lastSeenAt),
    type: "timestamptz",
  },
  started_at: { value: sql`${sessions.startedAt}`, text: isoTime(sessions.startedAt), type: "timestamptz" },
  turn_count: { value: sql`${sessions.turnCount}`, text: sql`${sessions.turnCount}::text`, type: "bigint" },
  total_cost_usd: {
    value: sql`${sessions.totalCostUsd}`,
    text: sql`${sessions.totalCostUsd}::text`,
    type: "numeric",
  },
  total_tokens: { value: tokens, text: sql`${tokens}::text`, type: "bigint" },
};

// What the columns can hold, so that a forged cursor is refused here and not by the database.
const keySchemas = {
  timestamptz: z.tuple([z.iso.datetime({ precision: 6 }), z.uuid()]),
  bigint: z.tuple([z.string().regex(/^\d{1,18}$/), z.uuid()]),
  numeric: z.tuple([z.string().regex(/^\d{1,12}(\.\d{1,12})?$/), z.uuid()]),
} satisfies Record<SessionOrder["type"], z.ZodType<[string, string]>>;

/**
 * Limit a page to what follows a row, given by its sort value and id.
 * @throws AppError `invalid_query` when the key is none.
 */
export function followsKey(order: SessionOrder, direction: "asc" | "desc", key: readonly string[]): SQL {
  const parsed = keySchemas[order.type].safeParse(key);
  if (!parsed.success) throw new AppError("invalid_query", "cursor: not a cursor of this route");
  const [value, id] = parsed.data;
  const row = sql`(${value}::${sql.raw(order.type)}, ${id}::uuid)`;
  const operator = direction === "asc" ? sql`>` : sql`<`;
  return sql`(${order.value}, ${sessions.id}) ${operator} ${row}`;
}
