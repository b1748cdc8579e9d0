import { describe, expect, it } from "vitest";
import { exceptionalSqlStates, judgeSqlState, sqlStateClasses } from "./sqlstate-verdicts.ts";

const judgeClasses = (verdict: string) =>
  sqlStateClasses.filter((each) => judgeSqlState(`${each}999`) === verdict);

describe("the verdict on a SQLSTATE", () => {
  it("waits for what somebody else has to mend", () => {
    const waiting = judgeClasses("environment");
    expect(waiting).toEqual(
      expect.arrayContaining(["08", "0A", "25", "26", "28", "3D", "3F", "53", "55", "57", "58", "F0", "HV"]),
    );
    for (const code of ["42501", "42P01", "42703", "42P05", "XX001", "XX002"])
      expect(judgeSqlState(code)).toBe("environment");
  });

  it("blames a turn only for what it holds", () => {
    expect(judgeClasses("rejected")).toEqual(["22", "23", "54"]);
  });

  it("suspects what may be the fault of one turn", () => {
    expect(judgeClasses("suspect")).toEqual(expect.arrayContaining(["21", "42", "P0", "XX"]));
    expect(judgeSqlState("57014")).toBe("suspect");
  });

  it("waits for a class that nobody here knows", () => {
    expect(judgeSqlState("ZZ001")).toBe("environment");
    expect(judgeSqlState("")).toBe("environment");
  });

  it("has exceptions of known classes only", () => {
    for (const code of Object.keys(exceptionalSqlStates)) expect(sqlStateClasses).toContain(code.slice(0, 2));
  });
});
