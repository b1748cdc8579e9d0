import { AppError } from "@turnpike/domain/errors";
import { holdAgainst } from "@turnpike/queue/job/hold-against";
import { isWorthTrying, MAX_COUNTED_ATTEMPTS } from "@turnpike/queue/job/retry-policy";
import { certificateCodes } from "@turnpike/store/connection/connection-codes";
import { judgeSqlState, sqlStateClasses } from "@turnpike/store/connection/sqlstate-verdicts";
import { translateError, translateRefusal } from "@turnpike/store/connection/translate-error";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

const NOW = "2026-11-30T12:00:00.000Z";
const coded = (code: string) => Object.assign(new Error("words"), { code });

const sqlStates = fc
  .tuple(fc.constantFrom(...sqlStateClasses), fc.stringMatching(/^[0-9A-Z]{3}$/))
  .map(([sqlStateClass, rest]) => `${sqlStateClass}${rest}`);

/** Whether a job is given up that fails with nothing but this, so often, while others are stored all the time. */
function isGivenUpAfter(error: AppError, attempts: number): boolean {
  const failure = new AppError(error.code, error.message, { othersWentWellMsAgo: -1 });
  let marks = {};
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const noted = holdAgainst(marks, failure, NOW);
    if (!isWorthTrying(failure.code, noted.countedAttempts ?? 0)) return true;
    marks = noted;
  }
  return false;
}

describe("a turn", () => {
  it("is never dead for what its environment says, however often", () => {
    fc.assert(
      fc.property(sqlStates, fc.integer({ min: 1, max: 2_000 }), (sqlState, attempts) => {
        fc.pre(judgeSqlState(sqlState) === "environment");
        expect(isGivenUpAfter(translateError(coded(sqlState)), attempts)).toBe(false);
      }),
    );
  });

  it("is never dead for what keeps a connection from being made, whatever it is", () => {
    const refusals = fc.oneof(
      sqlStates.map(coded),
      fc.constantFrom(...certificateCodes, "EPROTO", "ECONNREFUSED", "EAI_AGAIN").map(coded),
      fc.string().map((message) => new Error(message)),
      fc.string(),
    );
    fc.assert(
      fc.property(refusals, fc.integer({ min: 1, max: 2_000 }), (refusal, attempts) => {
        expect(isGivenUpAfter(translateRefusal(refusal), attempts)).toBe(false);
      }),
    );
  });

  it("is dead in the end for what it alone has, while others are stored", () => {
    fc.assert(
      fc.property(sqlStates, (sqlState) => {
        fc.pre(judgeSqlState(sqlState) === "suspect");
        const error = translateError(coded(sqlState));
        expect(isGivenUpAfter(error, MAX_COUNTED_ATTEMPTS.suspect)).toBe(false);
        expect(isGivenUpAfter(error, MAX_COUNTED_ATTEMPTS.suspect + 1)).toBe(true);
      }),
    );
  });
});
