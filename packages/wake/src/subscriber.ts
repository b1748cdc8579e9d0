import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "@turnpike/domain/ports/ports";
import { Client } from "pg";
import { openRedis } from "./open-redis.ts";
import { channelOf, readMessage, type Wake, type WakeLocation } from "./wake.ts";

/** An open subscription. */
export interface WakeSubscription {
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

/**
 * Hear of every wake-up, on one connection per process. It is made in the background, and again when it was lost; what
 * was sent meanwhile is not heard.
 */
export function subscribeToWakes(
  location: WakeLocation & { readonly log: Log },
  onWakes: (wakes: readonly Wake[]) => void,
): WakeSubscription {
  const channel = channelOf(location.prefix);
  const hear = (message: string): void => onWakes(readMessage(message));
  return location.redisUrl === undefined
    ? listenOnPostgres(location.databaseUrl, channel, hear, location.log)
    : listenOnRedis(location.redisUrl, channel, hear, location.log);
}

function listenOnRedis(
  url: string,
  channel: string,
  hear: (message: string) => void,
  log: Log,
): WakeSubscription {
  // Subscribes again by itself whenever the connection is back.
  const redis = openRedis(url, { maxRetriesPerRequest: null, reconnectMs: RECONNECT_MS });
  redis.on("error", (error: Error) => log.warn({ reason: error.name }, "wake-ups: redis connection"));
  redis.on("message", (_channel: string, message: string) => hear(message));
  redis.subscribe(channel).catch(() => {});
  return {
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

function listenOnPostgres(
  url: string,
  channel: string,
  hear: (message: string) => void,
  log: Log,
): WakeSubscription {
  const closing = new AbortController();
  const closed = new Promise<void>((resolve) => {
    closing.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const running = listenAgainAndAgain();
  return {
    async close() {
      closing.abort();
      await running;
    },
  };

  async function listenAgainAndAgain(): Promise<void> {
    while (!closing.signal.aborted) {
      await listenOnce().catch((error: unknown) => {
        log.warn(
          { reason: error instanceof Error ? error.name : "unknown" },
          "wake-ups: database connection",
        );
      });
      await sleep(RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  /** Settles when the connection has ended. */
  async function listenOnce(): Promise<void> {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: 2_000,
      application_name: "turnpike-wake",
      // As on all connections of ours: no statement is worth compiling.
      options: "-c jit=off",
      keepAlive: true,
    });
    const ended = new Promise<void>((resolve) => {
      client.once("end", resolve);
      client.on("error", () => resolve());
    });
    client.on("notification", ({ payload }) => hear(payload ?? ""));
    await client.connect();
    await client.query(`LISTEN ${channel}`);
    await Promise.race([ended, closed]);
    await client.end().catch(() => {});
  }
}
