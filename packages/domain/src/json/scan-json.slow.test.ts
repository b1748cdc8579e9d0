import { describe, expect, it } from "vitest";
import { scanJson } from "./scan-json.ts";

const TOO_DEEP = "nested deeper than 520 levels";
const TOO_MANY = "more than 1000000 values";
const TOO_MANY_CONTAINERS = "more than 200000 values that are objects or arrays";
const MIB = 2 ** 20;
// A tenth of it is what the slowest of them takes when nobody else is here.
const LINEAR_MS = 4_000;

describe("looking over large JSON", () => {
  it.each<[string, string, string, string]>([
    ["backslashes", '["', "\\", '"]'],
    ["escaped quotes", '["', '\\"', '"]'],
    ["escaped quotes a little apart", '["', '12345678\\"', '"]'],
    ["backslashes and quotes", '["', '12345678\\\\\\"', '"]'],
    ["spaces", "[", " ", "]"],
    ["digits", "[", "1", "]"],
    ["one long text", '["', "a", '"]'],
    ["closing brackets", "", "]", ""],
  ])("takes 64 MiB of %s in linear time", (_what, before, unit, after) => {
    const json = Buffer.from(before + unit.repeat(Math.floor((64 * MIB) / unit.length)) + after);
    const { user, system } = process.cpuUsage();
    expect(scanJson(json).excess).toBeUndefined();
    const spent = process.cpuUsage();
    expect((spent.user - user + spent.system - system) / 1_000).toBeLessThan(LINEAR_MS);
  });

  it.each([
    ["[", TOO_DEEP],
    ['{"a":', TOO_DEEP],
    ["{},", TOO_MANY_CONTAINERS],
    ["[],", TOO_MANY_CONTAINERS],
    ['{"a":0},', TOO_MANY_CONTAINERS],
    ['"",', TOO_MANY],
    ["1,", TOO_MANY],
  ])("refuses 64 MiB of %s early", (unit, excess) => {
    const json = Buffer.from(`[${unit.repeat((64 * MIB) / unit.length)}`);
    const { user } = process.cpuUsage();
    expect(scanJson(json).excess).toBe(excess);
    expect((process.cpuUsage().user - user) / 1_000).toBeLessThan(LINEAR_MS / 10);
  });
});
