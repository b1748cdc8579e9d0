import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

/** An app as a process of its own. */
export interface AppProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Start an app by its own `main.ts`, on any free port. */
export async function startApp(
  app: "ingest" | "worker" | "timeline",
  env: Readonly<Record<string, string | undefined>>,
): Promise<AppProcess> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const entry = fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, ["--import", loader, entry], {
    env: { ...process.env, ...env, PORT: "0", HOST: "127.0.0.1", LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    lines.on("line", (line) => {
      const match = /"url":"(http:[^"]+)"/.exec(line);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.once("exit", (code) => reject(new Error(`${app} ended with ${code} before it was ready`)));
  });
  return {
    url,
    pid: child.pid as number,
    async stop() {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}
