import { AppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { holdAgainst, isHeldAgainst } from "./hold-against.ts";
import type { JobMarks } from "./job-progress.ts";

const START = Date.parse("2026-11-30T12:00:00.000Z");
const at = (ms: number): string => new Date(START + ms).toISOString();
const suspect = (othersWentWellMsAgo?: number) =>
  new AppError("store_failed", "database: XX000", { othersWentWellMsAgo });
const away = new AppError("store_unavailable", "database: 28P01");

/** Fail several times, a second apart. */
const failing = (...failures: readonly AppError[]): JobMarks =>
  failures.reduce<JobMarks>((marks, failure, index) => holdAgainst(marks, failure, at(index * 1_000)), {});

describe("what is held against a job", () => {
  it("is nothing of an outage, however often it fails", () => {
    const marks = failing(...Array.from({ length: 100 }, () => away));
    expect(marks).toMatchObject({ firstFailedAt: at(0), countedAttempts: 0, suspectFailedAt: undefined });
  });

  it("is nothing of a database that fails for all, nor of a quiet one", () => {
    expect(failing(suspect(), suspect(), suspect()).countedAttempts).toBe(0);
    // The last success was before its first failure.
    expect(failing(suspect(50), suspect(1_050), suspect(2_050)).countedAttempts).toBe(0);
  });

  it("is each failure but the first while others are stored in between", () => {
    const marks = failing(suspect(50), suspect(50), suspect(50));
    expect(marks).toMatchObject({ countedAttempts: 2, suspectFailedAt: at(2_000) });
  });

  it("is not a failure after an outage that came in between, of which others were stored before", () => {
    // Others went well half a second after its first failure, and not since.
    expect(failing(suspect(50), away, suspect(1_500)).countedAttempts).toBe(0);
    expect(failing(suspect(50), away, suspect(500)).countedAttempts).toBe(1);
  });

  it("is every failure that nobody foresaw, and none that came before it", () => {
    const internal = new AppError("internal", "unexpected error");
    expect(failing(away, away, internal, away, internal).countedAttempts).toBe(2);
  });

  it("makes it run alone once a suspect failure counts, and not before", () => {
    expect(isHeldAgainst({})).toBe(false);
    expect(isHeldAgainst(failing(suspect(50)))).toBe(false);
    expect(isHeldAgainst(failing(suspect(50), suspect(50)))).toBe(true);
    expect(isHeldAgainst(failing(new AppError("internal", "unexpected error")))).toBe(false);
  });

  it("leaves no run alone open: the process has survived", () => {
    expect(holdAgainst({ lonelyRuns: 2 }, away, at(0)).lonelyRuns).toBe(0);
  });
});
