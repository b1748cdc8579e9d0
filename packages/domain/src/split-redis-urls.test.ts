import { describe, expect, it } from "vitest";
import { splitRedisUrls } from "./split-redis-urls.ts";

describe("REDIS_URL", () => {
  it.each([
    ["redis://one", ["redis://one"]],
    ["redis://one:1,rediss://two:2 , redis://three", ["redis://one:1", "rediss://two:2", "redis://three"]],
    ["redis://:pass,word@one", ["redis://:pass,word@one"]],
  ])("%s is taken apart", (urls, parts) => {
    expect(splitRedisUrls(urls)).toEqual(parts);
  });
});
