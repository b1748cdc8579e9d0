/** A Redis that can be killed, started again on its append-only file, and paused. */
import { mkdir } from "node:fs/promises";
import { createTurns } from "./in-turn.ts";
import { startRedisIn, type TestRedis } from "../../support/start-redis.ts";

/** The server, whichever process it runs as. */
export interface RedisServer {
  /** Changes with each start. */
  url(): string;
  kill(): Promise<void>;
  /** Start it unless it runs. */
  ensureUp(): Promise<void>;
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Start a server in a folder, and tell where it listens, now and whenever that changes. */
export async function startRedisServer(
  dir: string,
  onMove: (url: string | undefined) => void,
): Promise<RedisServer> {
  await mkdir(dir, { recursive: true });
  let redis: TestRedis | undefined;
  let url = "";
  const start = async (): Promise<void> => {
    redis = await startRedisIn(dir);
    url = redis.url;
    onMove(url);
  };
  await start();
  const inTurn = createTurns();
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (redis !== undefined) process.kill(redis.pid, name);
    } catch {
      // Another fault has just killed it.
    }
  };
  return {
    url: () => url,
    kill: () =>
      inTurn(async () => {
        await redis?.stop("SIGKILL");
        redis = undefined;
        onMove(undefined);
      }),
    ensureUp: () =>
      inTurn(async () => {
        if (redis === undefined) await start();
      }),
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    stop: () =>
      inTurn(async () => {
        signal("SIGCONT");
        await redis?.stop();
        redis = undefined;
      }),
  };
}
