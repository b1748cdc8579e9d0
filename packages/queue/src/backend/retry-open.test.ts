import type { Log } from "@turnpike/domain/ports/ports";
import { describe, expect, it } from "vitest";
import { keepOpening } from "./retry-open.ts";

function createLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (facts: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(facts)}`);
  };
  return { lines, info: write, warn: write, error: write };
}

const refused = Object.assign(new Error("connect ECONNREFUSED 10.0.0.7:6379"), { code: "ECONNREFUSED" });

describe("keepOpening", () => {
  it("returns what opens at once, without a word", async () => {
    const log = createLog();
    expect(await keepOpening(() => Promise.resolve("open"), new AbortController().signal, log)).toBe("open");
    expect(log.lines).toEqual([]);
  });

  it("tries until it opens, and says so once when it is away and once when it is back", async () => {
    const log = createLog();
    let attempts = 0;
    const open = async (): Promise<number> => {
      attempts += 1;
      if (attempts < 4) throw refused;
      return attempts;
    };
    expect(await keepOpening(open, new AbortController().signal, log)).toBe(4);
    expect(log.lines).toEqual([
      'queue is not reachable; trying until it is {"reason":"ECONNREFUSED"}',
      'queue is reachable again {"attempt":3}',
    ]);
  });

  it("gives up when it is told to, also between two attempts", async () => {
    const log = createLog();
    const closing = new AbortController();
    let attempts = 0;
    const opening = keepOpening(
      () => {
        attempts += 1;
        queueMicrotask(() => closing.abort());
        return Promise.reject(refused);
      },
      closing.signal,
      log,
    );
    await expect(opening).rejects.toMatchObject({ name: "AbortError" });
    expect(attempts).toBe(1);
    const open = (): Promise<string> => Promise.resolve("too late");
    await expect(keepOpening(open, closing.signal, log)).rejects.toMatchObject({ name: "AbortError" });
  });

  it("names an error by its code or its name, never by its words", async () => {
    const log = createLog();
    const errors: unknown[] = [new TypeError("password=secret")];
    await keepOpening(
      () => (errors.length > 0 ? Promise.reject(errors.pop()) : Promise.resolve("open")),
      new AbortController().signal,
      log,
    );
    expect(log.lines[0]).toContain('{"reason":"TypeError"}');
    expect(log.lines.join()).not.toContain("secret");
  });
});
