import { describe, expect, it } from "vitest";
import { z } from "zod";
import { loadConfig, loadConfigs } from "./load-config.ts";

const schema = z
  .object({
    PORT: z.coerce.number().int().max(65_535).default(1),
    LEVEL: z.enum(["info", "warn"]).default("info"),
    URL: z.url({ error: "must be a URL" }),
    TOKEN: z.string().optional(),
  })
  .refine((config) => config.TOKEN !== "hunter2", { path: ["TOKEN"], error: "must not be the example" });

const messageOf = (env: Record<string, string | undefined>): string => {
  try {
    loadConfig(schema, env);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("loadConfig", () => {
  it("reads what is there, fills in defaults and leaves out what it does not know", () => {
    expect(loadConfig(schema, { URL: "http://a", PORT: "80", HOME: "/" })).toEqual({
      PORT: 80,
      LEVEL: "info",
      URL: "http://a",
    });
  });

  it("takes an empty variable for an unset one", () => {
    expect(loadConfig(schema, { URL: "http://a", PORT: "", TOKEN: undefined }).PORT).toBe(1);
  });

  it("names every bad variable with its whole rule in one line, and prints no value", () => {
    expect(messageOf({ PORT: "s3cret", LEVEL: "s3cret", URL: "s3cret" })).toBe(
      "the configuration is not valid: PORT must be a whole number, 65535 or less; " +
        "LEVEL must be one of info, warn; URL must be a URL",
    );
  });

  it.each(["abc", "0", "1001", "1.5", "-1", "Infinity", " "])(
    "says the same rule whichever part of it %j breaks",
    (value) => {
      const bounded = z.object({ N: z.coerce.number().int().min(1).max(1_000).default(16) });
      expect(() => loadConfig(bounded, { N: value })).toThrow(/: N must be a whole number from 1 to 1000$/);
    },
  );

  it("says that a variable is missing", () => {
    expect(messageOf({ URL: "http://a", TOKEN: "hunter2" })).toMatch(/: TOKEN must not be the example$/);
    expect(messageOf({})).toMatch(/: URL must be set$/);
  });
});

describe("loadConfigs", () => {
  const small = z.object({ N: z.coerce.number().int().max(9), URL: z.url({ error: "must be a URL" }) });

  it("reads each from its own environment", () => {
    const configs = loadConfigs({
      one: [small, { N: "1", URL: "http://a" }],
      two: [schema, { PORT: "2", URL: "http://b" }],
    });
    expect(configs).toEqual({
      one: { N: 1, URL: "http://a" },
      two: { PORT: 2, LEVEL: "info", URL: "http://b" },
    });
  });

  it("names what is bad in any of them, the same once", () => {
    expect(() => loadConfigs({ one: [small, { N: "10", URL: "x" }], two: [schema, { URL: "x" }] })).toThrow(
      "the configuration is not valid: N must be a whole number, 9 or less; URL must be a URL",
    );
  });
});
