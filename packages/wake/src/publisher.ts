import type { Log } from "@turnpike/domain/ports";
import { Pool } from "pg";
import { openRedis } from "./open-redis.ts";
import { channelOf, type Wake, type WakeLocation, writeMessages } from "./wake.ts";

/** Sends wake-ups; never fails, never makes anybody wait. */
export interface WakePublisher {
  /** Call after the commit. Wake-ups of one session within a few milliseconds become one. */
  publish(wakes: readonly Wake[]): void;
  /** Send what is pending, and close. */
  close(): Promise<void>;
}

// Long enough to merge the commits of a burst, too short to be felt.
const COALESCE_MS = 5;
const RECONNECT_MS = 500;

/** Make a publisher; it connects when there is something to send, and again when the connection was lost. */
export function createWakePublisher(location: WakeLocation & { readonly log: Log }): WakePublisher {
  const channel = channelOf(location.prefix);
  const sender =
    location.redisUrl === undefined
      ? createPostgresSender(location.databaseUrl, channel)
      : createRedisSender(location.redisUrl, channel);
  const pending = new Map<string, Wake>();
  let timer: NodeJS.Timeout | undefined;
  let sending = Promise.resolve();

  const flush = (): void => {
    timer = undefined;
    const messages = writeMessages([...pending.values()]);
    pending.clear();
    sending = sending
      .then(() => sender.send(messages))
      .catch((error: unknown) => {
        location.log.warn(
          { reason: error instanceof Error ? error.name : "unknown" },
          "wake-ups were not sent",
        );
      });
  };

  return {
    publish(wakes) {
      for (const wake of wakes) {
        const known = pending.get(wake.sessionId);
        if (known === undefined || known.latestSequence < wake.latestSequence)
          pending.set(wake.sessionId, wake);
      }
      if (pending.size > 0) timer ??= setTimeout(flush, COALESCE_MS);
    },
    async close() {
      if (timer !== undefined) {
        clearTimeout(timer);
        flush();
      }
      await sending;
      await sender.close();
    },
  };
}

interface Sender {
  send(messages: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

function createRedisSender(url: string, channel: string): Sender {
  const redis = openRedis(url, {
    lazyConnect: true,
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    reconnectMs: RECONNECT_MS,
  });
  redis.on("error", () => {});
  return {
    async send(messages) {
      for (const message of messages) await redis.publish(channel, message);
    },
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

/** NOTIFY in a transaction of its own: inside the one that writes it would make all commits wait for one another. */
function createPostgresSender(url: string, channel: string): Sender {
  const pool = new Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
    application_name: "turnpike-wake",
  });
  pool.on("error", () => {});
  return {
    async send(messages) {
      await pool.query("SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message", [
        channel,
        [...messages],
      ]);
    },
    close: () => pool.end(),
  };
}
