import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { findFreePort } from "@turnpike/embedded/server/find-free-port";
import { waitUntil } from "./wait-until.ts";

/** A Redis of this run. */
export interface TestRedis {
  readonly url: string;
  readonly pid: number;
  /** Default SIGTERM. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const startAttempts = 3;

/**
 * Start the redis-server that is on the path, with the settings that production asks for. Undefined when there is none.
 * @param more arguments that stand in for those.
 */
export async function startRedis(
  folder: string,
  more: readonly string[] = [],
): Promise<TestRedis | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const dir = join(folder, `redis-${attempt}`);
      await mkdir(dir);
      return await startRedisIn(dir, { more });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      // The port may have been taken between asking for it and using it.
      if (attempt === startAttempts) throw error;
    }
  }
}

/** Start it in a folder of its own, on what an earlier one has left there; on any free port unless one is named. */
export async function startRedisIn(
  dir: string,
  { port: wantedPort, more = [] }: { readonly port?: number; readonly more?: readonly string[] } = {},
): Promise<TestRedis> {
  const port = wantedPort ?? (await findFreePort());
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""];
  args.push("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction");
  args.push("--auto-aof-rewrite-min-size", "4gb", "--rdbcompression", "no", ...more);
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const collect = (chunk: string): void => {
    output += chunk;
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  await once(child, "spawn");
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  const { pid } = child;
  if (pid === undefined) throw new Error("redis-server has no process id");
  const exited = once(child, "close");
  const isUp = async (): Promise<boolean> => child.exitCode !== null || (await ping(port));
  await waitUntil(isUp, { what: "redis-server answers or ends", timeoutMs: 10_000 });
  if (child.exitCode !== null) throw new Error(`redis-server did not start:\n${output}`);
  return {
    url: `redis://127.0.0.1:${port}`,
    pid,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      await exited;
      process.off("exit", kill);
    },
  };
}

async function ping(port: number): Promise<boolean> {
  const socket = createConnection(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    socket.write("PING\r\n");
    const [answer] = await once(socket, "data");
    return String(answer).startsWith("+PONG");
  } finally {
    socket.destroy();
  }
}
