import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { AppError } from "@turnpike/domain/errors";
import type { HttpEnv } from "@turnpike/kit/http/http-env";
import type { Context } from "hono";
import { z } from "zod";

/** The header by which a reader names its org in open mode. */
const ORG_HEADER = "x-turnpike-org-id";

const Uuid = z.uuid();

/**
 * Decide whose rows a request may see: the one place where that happens. In open mode it is the org that the reader names, by header
 * or by `org_id`, else the nil UUID.
 * @throws AppError `invalid_query` when what it names is no UUID.
 */
export function orgOfReader(c: Context<HttpEnv>): string {
  return findNamedOrg(c) ?? NIL_UUID;
}

/**
 * The same for routes that show all orgs to whoever names none. Only after `requireScope(c, "admin")`.
 * @returns undefined for all orgs.
 */
export function orgOfAdmin(c: Context<HttpEnv>): string | undefined {
  return findNamedOrg(c);
}

function findNamedOrg(c: Context<HttpEnv>): string | undefined {
  const named = c.req.header(ORG_HEADER) ?? c.req.query("org_id");
  if (named === undefined || named === "") return undefined;
  const parsed = Uuid.safeParse(named.toLowerCase());
  if (!parsed.success) throw new AppError("invalid_query", "org_id: is not a valid UUID");
  return parsed.data;
}
