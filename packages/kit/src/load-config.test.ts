import { describe, expect, it } from "vitest";
import { z } from "zod";
import { loadConfig } from "./load-config.ts";

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

  it("names every bad variable with its rule in one error, and prints no value", () => {
    const message = messageOf({ PORT: "s3cret", LEVEL: "s3cret", URL: "s3cret" });
    expect(message.split("\n")).toEqual([
      "The configuration is not valid:",
      "  PORT: expected number, received NaN",
      '  LEVEL: expected one of "info"|"warn"',
      "  URL: must be a URL",
    ]);
  });

  it("says that a variable is missing", () => {
    expect(messageOf({ URL: "http://a", TOKEN: "hunter2" })).toContain("  TOKEN: must not be the example");
    expect(messageOf({})).toMatch(/^ {2}URL: must be /m);
  });
});
