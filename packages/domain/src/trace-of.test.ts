import { describe, expect, it } from "vitest";
import { AppError } from "./errors.ts";
import { traceOf } from "./trace-of.ts";

describe("traceOf", () => {
  it("names errors, codes and places down the causes, and none of their words", () => {
    const driver = Object.assign(new TypeError("value secret\nat all"), { code: "22P02" });
    const trace = traceOf(new AppError("internal", "words", { cause: driver })) ?? "";
    expect(trace).toMatch(/^AppError \(internal\) at .*trace-of\.test\.ts.* <- TypeError \(22P02\) at /);
    expect(trace).not.toMatch(/secret|words|at all/);
  });

  it("ends where causes go in a circle, and says nothing of what is no error", () => {
    const circle = new Error("one");
    circle.cause = circle;
    expect(traceOf(circle)?.split(" <- ")).toHaveLength(5);
    expect(traceOf("text")).toBeUndefined();
  });
});
