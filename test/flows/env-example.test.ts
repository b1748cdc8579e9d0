import { readFileSync } from "node:fs";
import { IngestConfig } from "@turnpike/ingest/config";
import { TimelineConfig } from "@turnpike/timeline/config";
import { WorkerConfig } from "@turnpike/worker/config";
import { describe, expect, it } from "vitest";
import type { ZodType } from "zod";
import { Settings } from "../../apps/turnpike/src/settings.ts";

type Variable = ZodType<string | number | readonly string[] | undefined>;

const apps: Readonly<Record<string, Readonly<Record<string, Variable>>>> = {
  ingest: IngestConfig.shape,
  worker: WorkerConfig.shape,
  timeline: TimelineConfig.shape,
  turnpike: Settings.shape,
};

/** What the file says of a variable: one value for all, or a default for each app by name. */
interface Described {
  readonly name: string;
  readonly value: string;
  readonly byApp: Readonly<Record<string, string>>;
  readonly meaning: string;
}

const described = readExample();

describe(".env.example", () => {
  it("names every variable of every app, and none that no app knows", () => {
    const known = new Set(Object.values(apps).flatMap((shape) => Object.keys(shape)));
    expect(described.map(({ name }) => name).toSorted()).toEqual([...known].toSorted());
  });

  it.each(described)("says what $name means", ({ meaning }) => {
    expect(meaning.length).toBeGreaterThan(20);
  });

  it.each(described)("gives the default of $name in every app", ({ name, value, byApp }) => {
    const said = Object.keys(byApp).length > 0 ? byApp : everyApp(name, value);
    expect(said).toEqual(defaultsOf(name));
  });
});

function readExample(): Described[] {
  const text = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");
  return text.split("\n\n").flatMap((paragraph) => {
    const lines = paragraph.trim().split("\n");
    const [, name, value = ""] = /^([A-Z_]+)=(.*)$/.exec(lines.at(-1) ?? "") ?? [];
    if (name === undefined) return [];
    const meaning = lines.slice(0, -1).join("\n");
    const [, list = ""] = /^# Default: (.*)$/m.exec(meaning) ?? [];
    const byApp = [...list.matchAll(/(\S+) \((\w+)\)/g)].map(([, given = "", app = ""]) => [app, given]);
    return [{ name, value, byApp: Object.fromEntries(byApp) as Record<string, string>, meaning }];
  });
}

/** A variable without a default, needed or not, is written as an empty one. */
function defaultsOf(name: string): Record<string, string> {
  const knowing = Object.entries(apps).filter(([, shape]) => shape[name] !== undefined);
  return Object.fromEntries(
    knowing.map(([app, shape]) => [app, String(shape[name]?.safeParse(undefined).data ?? "")]),
  );
}

function everyApp(name: string, value: string): Record<string, string> {
  return Object.fromEntries(Object.keys(defaultsOf(name)).map((app) => [app, value]));
}
