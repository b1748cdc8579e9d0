/**
 * Bundles the apps for production: `npm run bundle` into `dist`, `npm run bundle -- FOLDER` into another folder. Each app
 * becomes one file that needs no node_modules; files that are read at run time, and what the apps run in threads, are laid
 * beside them, so that the folder can be moved whole.
 */
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const defaultDir = join(root, "dist");
const outDir = resolve(process.argv[2] ?? defaultDir);

const apps = ["ingest", "worker", "timeline", "turnpike"] as const;

// Each is run by a URL relative to the file that starts it, hence beside the apps, under its own name.
const threads = [{ in: "packages/kit/src/body/zstd/zstd-thread.mjs", out: "zstd-thread" }];

// What drivers load only if it is installed: bindings that are not needed, and that fail over when they are missing.
const optionalBindings = ["pg-native", "pg-cloudflare", "@valkey/valkey-glide"];

// What `/docs` serves; it is found through the package's own package.json.
const swaggerUiFiles = ["package.json", "swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

// CommonJS packages inside an ES module still ask for Node's built-in modules by `require`.
const requireInModule = [
  'import { createRequire as createRequireOfBundle } from "node:module";',
  "const require = createRequireOfBundle(import.meta.url);",
].join("\n");

await clearOutDir();
await Promise.all([bundleApps(), copyMigrations(), copySwaggerUi()]);

/** Only the default folder is known to hold nothing but bundles. */
async function clearOutDir(): Promise<void> {
  if (outDir === defaultDir) await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  if ((await readdir(outDir)).length > 0) throw new Error(`${outDir} is not empty: name a new folder`);
}

async function bundleApps(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [...apps.map((app) => ({ in: `apps/${app}/src/main.ts`, out: app })), ...threads],
    outdir: outDir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    banner: { js: requireInModule },
    external: optionalBindings,
    sourcemap: "linked",
    sourcesContent: false,
    // A third less to hold in memory; names stay, and with them what a stack trace says.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "warning",
  });
}

/** `turnpike migrate` looks for the folder `drizzle` beside itself. */
async function copyMigrations(): Promise<void> {
  await cp(join(root, "drizzle"), join(outDir, "drizzle"), { recursive: true });
}

async function copySwaggerUi(): Promise<void> {
  const kit = createRequire(join(root, "packages/kit/package.json"));
  const from = dirname(kit.resolve("swagger-ui-dist/package.json"));
  const to = join(outDir, "node_modules", "swagger-ui-dist");
  await mkdir(to, { recursive: true });
  await Promise.all(swaggerUiFiles.map((file) => cp(join(from, file), join(to, file))));
}
