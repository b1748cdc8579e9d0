import { describe, expect, it } from "vitest";
import { databaseUrl } from "./config-fields.ts";

describe("databaseUrl", () => {
  it.each(["postgres://a/b", "postgresql://me:p%25w@host:5433/db?sslmode=require", "postgres://[::1]/b"])(
    "takes %s",
    (url) => {
      expect(databaseUrl.safeParse(url).success).toBe(true);
    },
  );

  it.each(["http://a/b", "postgres:foo", "postgres://me:%zz@host/db", "postgres://me%@host/db", "host/db"])(
    "refuses %s, which a driver throws on or takes for another place, in words and without it",
    (url) => {
      const message = databaseUrl.safeParse(url).error?.issues[0]?.message ?? "";
      expect(message).toMatch(/^must be a postgres:\/\/ URL/);
      expect(message).not.toContain(url);
    },
  );
});
