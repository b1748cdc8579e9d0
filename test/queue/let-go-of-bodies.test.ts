import { letGoOfBodies } from "@turnpike/queue/backend/redis/drop-command-args";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { queueBackends } from "../support/backends.ts";

const redisUrls = queueBackends().flatMap(({ redisUrl }) => redisUrl ?? []);

describe.each(redisUrls)("bodies that were sent to Redis", (redisUrl) => {
  it("are let go of by the commands that sent them, whose answers stay", async () => {
    const redis = new Redis(redisUrl);
    onTestFinished(() => redis.disconnect());
    const transaction = redis.multi().echo(Buffer.from("a body")).ping();
    expect(countArguments(transaction)).toBe(1);
    const answers = await transaction.exec();

    letGoOfBodies(transaction);
    expect(countArguments(transaction)).toBe(0);
    expect(answers).toEqual([
      [null, "a body"],
      [null, "PONG"],
    ]);
    expect(await redis.ping()).toBe("PONG");
  });
});

/** Fails when the client keeps its commands elsewhere than where they are looked for. */
function countArguments(transaction: object): number {
  const { _queue: commands } = transaction as { _queue: readonly { readonly args: readonly unknown[] }[] };
  return commands.reduce((sum, { args }) => sum + args.length, 0);
}
