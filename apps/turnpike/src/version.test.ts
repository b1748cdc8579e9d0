import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { VERSION } from "./version.ts";

const root = new URL("../../../", import.meta.url);

it("is that of every manifest", () => {
  const folders = ["apps", "packages"].flatMap((parent) =>
    readdirSync(new URL(parent, root)).map((name) => `${parent}/${name}/`),
  );
  const manifests = ["", ...folders].map((folder) => {
    const text = readFileSync(new URL(`${folder}package.json`, root), "utf8");
    return [folder, (JSON.parse(text) as { version: string }).version];
  });
  expect(manifests).toEqual(["", ...folders].map((folder) => [folder, VERSION]));
});
