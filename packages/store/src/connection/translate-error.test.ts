import { AppError, type ErrorCode } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { translateError } from "./translate-error.ts";

const coded = (code: unknown, message = "secret words"): Error => Object.assign(new Error(message), { code });

describe("translateError", () => {
  it.each<[string, ErrorCode]>([
    ["ECONNREFUSED", "store_unavailable"],
    ["CONNECTION_CLOSED", "store_unavailable"],
    ["CONNECT_TIMEOUT", "store_unavailable"],
    ["08006", "store_unavailable"],
    ["53300", "store_unavailable"],
    ["53100", "store_unavailable"],
    ["57P01", "store_unavailable"],
    ["57P03", "store_unavailable"],
    ["58030", "store_unavailable"],
    ["25006", "store_unavailable"],
    ["42P01", "store_unavailable"],
    ["40P01", "store_contention"],
    ["40001", "store_contention"],
    ["55P03", "store_contention"],
    ["57014", "store_failed"],
    ["22P05", "store_rejected"],
    ["23505", "store_rejected"],
    ["54000", "store_rejected"],
    ["42601", "store_failed"],
    ["XX000", "store_failed"],
    ["28P01", "store_unavailable"],
    ["42501", "store_unavailable"],
    ["3D000", "store_unavailable"],
    ["26000", "store_unavailable"],
    // Of a server that is not quite PostgreSQL.
    ["ZZ999", "store_unavailable"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "store_unavailable"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "store_unavailable"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "store_unavailable"],
    ["EPROTO", "store_unavailable"],
    ["UNDEFINED_VALUE", "internal"],
  ])("knows %s as %s, and names nothing else", (sqlState, code) => {
    expect(translateError(coded(sqlState))).toMatchObject({ code, message: `database: ${sqlState}` });
  });

  it("looks for the code behind an error that wraps the driver's", () => {
    const wrapped = new Error("Failed query: select secret", { cause: coded("ECONNRESET") });
    expect(translateError(wrapped)).toMatchObject({
      code: "store_unavailable",
      message: "database: ECONNRESET",
      cause: wrapped,
    });
  });

  it("leaves an error of ours as it is", () => {
    const ours = new AppError("not_found", "no such session");
    expect(translateError(ours)).toBe(ours);
  });

  it.each([new Error("secret words"), coded(7), "secret words", undefined])(
    "knows nothing of what has no code: %s",
    (error) => {
      expect(translateError(error)).toMatchObject({
        code: "internal",
        message: "database: unexpected error",
      });
    },
  );
});
