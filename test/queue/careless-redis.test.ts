/** A producer says so when the Redis that it is given may lose what it accepts. */
import { randomUUID } from "node:crypto";
import { createProducer } from "@turnpike/queue/producer/producer";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { useRedis } from "../support/use-redis.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, enqueueWhenUp } from "./queue-fixture.ts";

const CARELESS = { appendonly: "no", appendfsync: "everysec" };

const [, redisBackend] = queueBackends();

describe.skipIf(redisBackend === undefined)("a producer on a Redis of its own settings", () => {
  const redis = useRedis();

  /** Open one, let it ask, and return what it warned of; the answers come before that to the last turn. */
  const readWarnings = async (redisUrl = redis().url): Promise<unknown[]> => {
    const warnings: unknown[] = [];
    const log = { info() {}, warn: (fields: object) => void warnings.push(fields), error() {} };
    const asked = await countConfigGets(redis().admin);
    const producer = createProducer({ redisUrl, prefix: `test-${randomUUID()}`, log });
    await enqueueWhenUp(producer, [acceptedTurn()]);
    await waitUntil(async () => (await countConfigGets(redis().admin)) >= asked + 2, {
      what: "settings are asked for",
    });
    await producer.enqueue([acceptedTurn()]);
    await producer.close();
    return warnings;
  };

  it("that keep what is accepted says nothing", async () => {
    expect(await readWarnings()).toEqual([]);
  });

  it("that may lose it names each, and what it should be", async () => {
    await redis().admin.config("SET", ...Object.entries(CARELESS).flat());
    expect(await readWarnings()).toEqual([
      { setting: "appendonly", value: "no", wanted: "yes" },
      { setting: "appendfsync", value: "everysec", wanted: "always" },
    ]);
  });

  it("that may not be read takes turns all the same, and says nothing", async () => {
    await redis().admin.call("ACL", "SETUSER", "reader", "on", ">secret", "~*", "&*", "+@all", "-config");
    const url = new URL(redis().url);
    [url.username, url.password] = ["reader", "secret"];
    expect(await readWarnings(url.href)).toEqual([]);
  });
});

/** Those that were refused as well. */
async function countConfigGets(admin: Redis): Promise<number> {
  const line = /^cmdstat_config\|get:calls=(\d+).*rejected_calls=(\d+)/m.exec(
    await admin.info("commandstats"),
  );
  return Number(line?.[1] ?? 0) + Number(line?.[2] ?? 0);
}
