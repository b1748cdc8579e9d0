import { AppError, errorCodes } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { type HttpFailure, httpFailures, statusTitles } from "./http-status.ts";
import { describeFailure, Problem } from "./problem.ts";

describe("describeFailure", () => {
  it.each(errorCodes)(
    "gives %s a status with a title, and the message only to those who can act on it",
    (code) => {
      const { problem, headers } = describeFailure(new AppError(code, "the message"), "r-1");
      const failure: HttpFailure = httpFailures[code];
      expect(Problem.parse(problem)).toEqual(problem);
      expect(problem).toMatchObject({ code, status: failure.status, title: statusTitles[failure.status] });
      expect(problem.detail === "the message").toBe(problem.status < 500);
      expect("retry-after" in headers).toBe(problem.status === 503);
    },
  );

  it("hides everything of an error that is not ours", () => {
    const { problem } = describeFailure(new RangeError("secret"), "r-1");
    expect(problem).toMatchObject({ status: 500, code: "internal", requestId: "r-1" });
    expect(JSON.stringify(problem)).not.toContain("secret");
  });

  it("shows the message of a 5xx only where that is meant for clients", () => {
    const detailOf = (isPublic: boolean) =>
      describeFailure(new AppError("queue_unavailable", "full: A_SETTING", { isPublic }), "r").problem.detail;
    expect(detailOf(true)).toBe("full: A_SETTING");
    expect(detailOf(false)).not.toContain("A_SETTING");
  });
});
