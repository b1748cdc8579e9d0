import { spawn } from "node:child_process";
import { bundleOf } from "./bundle-of.ts";

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How it is run. */
export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The bundle, unless another file is named. */
  readonly command?: string;
}

/** Run `turnpike` to its end as a person would, with this input on stdin. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [options.command ?? bundleOf("turnpike"), ...args], {
    env: { ...process.env, DATABASE_URL: undefined, REDIS_URL: undefined, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output.stderr += chunk));
  // A command that ends early does not read all of its input.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { exitCode, ...output };
}
