import type { Log } from "@turnpike/domain/ports/ports";
import { Pool } from "pg";
import { openRedis } from "./open-redis.ts";
import { channelOf, type Wake, type WakeLocation, writeMessages } from "./wake.ts";

/** Sends wake-ups; never fails, never makes anybody wait. */
export interface WakePublisher {
  /** Call after the commit. What is published in the same tick, or while others are being sent, travels together. */
  publish(wakes: readonly Wake[]): void;
  /** Send what is pending, and close. */
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

/** Make a publisher; it connects when there is something to send, and again when the connection was lost. */
export function createWakePublisher(location: WakeLocation & { readonly log: Log }): WakePublisher {
  const channel = channelOf(location.prefix);
  const sender =
    location.redisUrl === undefined
      ? createPostgresSender(location.databaseUrl, channel)
      : createRedisSender(location.redisUrl, channel);
  const pending = new Map<string, Wake>();
  const underWay = new Set<Promise<void>>();
  let isScheduled = false;

  const send = async (): Promise<void> => {
    const messages = writeMessages([...pending.values()]);
    pending.clear();
    try {
      await sender.send(messages);
    } catch (error) {
      const reason = error instanceof Error ? error.name : "unknown";
      location.log.warn({ reason }, "wake-ups were not sent");
    }
  };
  const flush = (): void => {
    if (pending.size === 0 || underWay.size >= sender.sendsAtOnce) return;
    const sending = send().finally(() => {
      underWay.delete(sending);
      flush();
    });
    underWay.add(sending);
  };

  return {
    publish(wakes) {
      for (const wake of wakes) {
        const key = `${wake.orgId}/${wake.sessionId}`;
        const known = pending.get(key);
        if (known === undefined || known.latestSequence < wake.latestSequence) pending.set(key, wake);
      }
      if (isScheduled) return;
      isScheduled = true;
      process.nextTick(() => {
        isScheduled = false;
        flush();
      });
    },
    async close() {
      flush();
      while (underWay.size > 0) await Promise.all(underWay);
      await sender.close();
    },
  };
}

interface Sender {
  /** More wait, and travel together. */
  readonly sendsAtOnce: number;
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
    sendsAtOnce: 4,
    async send(messages) {
      await Promise.all(messages.map((message) => redis.publish(channel, message)));
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
    // As on all connections of ours: no statement is worth compiling.
    options: "-c jit=off",
  });
  pool.on("error", () => {});
  return {
    sendsAtOnce: 1,
    async send(messages) {
      await pool.query("SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message", [
        channel,
        [...messages],
      ]);
    },
    close: () => pool.end(),
  };
}
