import { readFile, writeFile } from "node:fs/promises";
import type { JsonValue } from "@turnpike/domain/json/json";
import { describe, expect, it } from "vitest";
import { sealOf } from "../../scripts/contract-seal.ts";
import { readContracts } from "../support/contracts.ts";

const SEALS = new URL("../../docs/contract-seals.json", import.meta.url);

describe("the seals of the served contracts", () => {
  it("are those in docs/contract-seals.json; `npm run seal` writes them anew when a change is meant", async () => {
    const contracts = await readContracts();
    const seals = Object.fromEntries(
      Object.entries(contracts).map(([app, document]) => [app, sealOf(document)]),
    );
    if (process.env["WRITE_SEALS"] === "1")
      await writeFile(SEALS, `${JSON.stringify(seals, undefined, 2)}\n`);
    expect(JSON.parse(await readFile(SEALS, "utf8"))).toEqual(seals);
  });

  it("do not change with prose or the order of keys, and change with anything else", () => {
    const document = {
      openapi: "3.1.0",
      info: { title: "a" },
      paths: {
        "/x": {
          get: {
            summary: "one",
            responses: {
              "200": {
                description: "two",
                content: { a: { schema: { type: "object", properties: { title: { type: "string" } } } } },
              },
            },
          },
        },
      },
    } as const;
    const text = JSON.stringify(document);
    const changed = (from: string, to: string): string =>
      sealOf(JSON.parse(text.replace(from, to)) as JsonValue);
    const seal = sealOf(document);
    expect(sealOf({ paths: document.paths, openapi: "3.1.0" })).toBe(seal);
    expect(changed('"one"', '"other"')).toBe(seal);
    expect(changed('"two"', '"other"')).toBe(seal);
    expect(changed('"title":{"type":"string"}', '"name":{"type":"string"}')).not.toBe(seal);
    expect(changed('"string"', '"integer"')).not.toBe(seal);
    expect(changed('"200"', '"201"')).not.toBe(seal);
    expect(changed('"/x"', '"/y"')).not.toBe(seal);
  });
});
