import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);

describe("the Dockerfile", () => {
  it.each(["apps", "packages"])(
    "copies the manifest of everything in %s before it installs",
    async (folder) => {
      const dockerfile = await readFile(new URL("Dockerfile", root), "utf8");
      const beforeInstall = dockerfile.slice(0, dockerfile.indexOf("RUN npm ci"));
      const names = await readdir(new URL(folder, root));
      const missing = names.filter((name) => !beforeInstall.includes(`COPY ${folder}/${name}/package.json `));
      expect(missing).toEqual([]);
    },
  );
});
