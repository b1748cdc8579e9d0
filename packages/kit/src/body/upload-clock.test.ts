import { setTimeout as sleep } from "node:timers/promises";
import type { AppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { createUploadClock } from "./upload-clock.ts";

const TICK_MS = 20;
const KIB = 1024;

function watch(clock = createUploadClock(TICK_MS)) {
  const errors: AppError[] = [];
  const upload = clock.watch((error) => errors.push(error));
  return { ...upload, errors };
}

/** Act so many times a tick apart, or until it is given up. */
async function everyTick(upload: ReturnType<typeof watch>, ticks: number, act: (tick: number) => void) {
  for (let tick = 1; tick <= ticks && upload.errors.length === 0; tick += 1) {
    act(tick);
    await sleep(TICK_MS);
  }
}

describe("a body", () => {
  it("of which no byte comes for ten ticks is given up, once, and not before", async () => {
    const upload = watch();
    upload.hear();
    await sleep(TICK_MS * 8);
    expect(upload.errors).toEqual([]);
    await sleep(TICK_MS * 40);
    expect(upload.errors.map(({ code, message }) => [code, message])).toEqual([
      ["request_timeout", "no byte of the body came for 10 seconds"],
    ]);
  });

  it("that is small may come byte by byte", async () => {
    const upload = watch();
    await everyTick(upload, 40, () => {
      upload.hear();
      upload.grow(1);
    });
    expect(upload.errors).toEqual([]);
    upload.end();
  });

  it("that holds much and then hardly grows is given up", async () => {
    const upload = watch();
    upload.grow(50_000 * KIB);
    await everyTick(upload, 60, () => {
      upload.hear();
      upload.grow(KIB);
    });
    expect(upload.errors[0]?.message).toBe("the body comes too slowly for its size");
  });

  it("that comes evenly is taken, for as long as a request may take", async () => {
    const upload = watch();
    // 300 seconds are 300 ticks; a fifth of them is looked at, with as little growth as the last has.
    upload.grow(1_000 * KIB);
    await everyTick(upload, 60, (tick) => {
      upload.hear();
      upload.grow(((1_000 + tick * 5) / 200) * KIB);
    });
    expect(upload.errors).toEqual([]);
    upload.end();
  });

  it("is none of the clock's once it has come", async () => {
    const clock = createUploadClock(TICK_MS);
    const [done, other] = [watch(clock), watch(clock)];
    done.end();
    await sleep(TICK_MS * 40);
    expect([done.errors.length, other.errors.length]).toEqual([0, 1]);
  });

  it("is not given up for what this process was too busy to hear", async () => {
    const upload = watch();
    const end = performance.now() + TICK_MS * 50;
    while (performance.now() < end);
    await sleep(TICK_MS * 2);
    expect(upload.errors).toEqual([]);
    upload.end();
  });
});
