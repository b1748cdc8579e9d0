import { describe, expect, it } from "vitest";
import { createReplayLag } from "./replay-lag.ts";

const at = (position: number, aboveSeen = position) => ({
  flushed: BigInt(position),
  inserted: BigInt(position),
  aboveSeen: BigInt(aboveSeen),
});
const replica = (replayed: number, oldestRunning = 0) => ({
  replayed: BigInt(replayed),
  oldestRunning: BigInt(oldestRunning),
});

describe("a replica's lag", () => {
  it("is unknown until the replica was seen where the primary was", () => {
    const lag = createReplayLag();
    expect(lag.measure(replica(5), 0)).toBeUndefined();
    lag.sample(at(10), 0);
    expect(lag.measure(replica(9), 50)).toBeUndefined();
    expect(lag.measure(replica(10), 100)).toBe(0);
  });

  it("is the age of the oldest position that the replica has not reached", () => {
    const lag = createReplayLag();
    lag.sample(at(10), 0);
    expect(lag.measure(replica(10), 0)).toBe(0);
    lag.sample(at(20), 1_000);
    lag.sample(at(30), 2_000);
    expect(lag.measure(replica(15), 5_000)).toBe(4_000);
    expect(lag.measure(replica(20), 5_000)).toBe(3_000);
    expect(lag.measure(replica(30), 5_000)).toBe(0);
  });

  it("does not grow while the primary writes nothing", () => {
    const lag = createReplayLag();
    for (let second = 0; second < 100; second += 1) lag.sample(at(10), second * 1_000);
    expect(lag.measure(replica(10), 100_000)).toBe(0);
  });

  it("does not count what is not durable: the log may end inside a record for as long as nothing is committed", () => {
    const lag = createReplayLag();
    lag.sample(at(10), 0);
    expect(lag.measure(replica(10), 0)).toBe(0);
    lag.sample({ flushed: 15n, inserted: 18n, aboveSeen: 11n }, 1_000);
    expect(lag.measure(replica(10), 60_000)).toBe(0);
    lag.sample({ flushed: 18n, inserted: 18n, aboveSeen: 11n }, 61_000);
    expect(lag.measure(replica(10), 62_000)).toBe(61_000);
  });

  it("is none where every transaction is replayed that could be seen, wherever the log ends", () => {
    const lag = createReplayLag();
    lag.sample({ flushed: 15n, inserted: 18n, aboveSeen: 7n }, 0);
    expect(lag.measure(replica(14, 6), 1_000)).toBeUndefined();
    expect(lag.measure(replica(14, 7), 1_000)).toBe(0);
    lag.sample({ flushed: 20n, inserted: 20n, aboveSeen: 9n }, 2_000);
    expect(lag.measure(replica(14, 8), 5_000)).toBe(3_000);
    expect(lag.measure(replica(14, 9), 5_000)).toBe(0);
  });

  it("is unknown again when the replica was lost, until it is back where it was", () => {
    const lag = createReplayLag();
    lag.sample(at(10), 0);
    expect(lag.measure(replica(10), 0)).toBe(0);
    lag.doubt();
    lag.sample(at(20), 1_000);
    expect(lag.measure(replica(3), 2_000)).toBeUndefined();
    expect(lag.measure(replica(10), 3_000)).toBe(2_000);
  });

  it("is unknown when the primary goes back", () => {
    const lag = createReplayLag();
    lag.sample(at(100), 0);
    expect(lag.measure(replica(100), 0)).toBe(0);
    lag.sample(at(50), 1_000);
    expect(lag.measure(replica(40), 2_000)).toBeUndefined();
    expect(lag.measure(replica(50), 2_000)).toBe(0);
  });

  it("keeps its oldest samples when there are very many", () => {
    const lag = createReplayLag();
    lag.sample(at(1), 0);
    expect(lag.measure(replica(1), 0)).toBe(0);
    for (let second = 1; second < 5_000; second += 1) lag.sample(at(1 + second), second * 1_000);
    expect(lag.measure(replica(1), 5_000_000)).toBe(4_999_000);
  });
});
