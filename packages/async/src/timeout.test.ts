import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { within } from "./timeout.ts";

const never = new Promise<never>(() => {});
const late = () => new Error("late");

describe("within", () => {
  it("settles like its promise when that is in time", async () => {
    await expect(within(Promise.resolve(1), 60_000, late)).resolves.toBe(1);
    await expect(within(Promise.reject(new Error("own")), 60_000, late)).rejects.toThrow("own");
  });

  it("rejects with its own error when the time is up", async () => {
    await expect(within(never, 1, late)).rejects.toThrow("late");
  });

  it("leaves no unhandled rejection when its promise fails afterwards", async () => {
    let fail = (_error: Error): void => {};
    const failing = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    await expect(within(failing, 1, late)).rejects.toThrow("late");
    fail(new Error("nobody hears"));
    await new Promise(setImmediate);
  });

  it("hears an answer that came while the process was too busy to look", async () => {
    const server = createServer((socket) => socket.end("answer"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await once(socket, "connect");
    const answered = within(once(socket, "data"), 50, () => new Error("late"));
    // The server answers in its turn, and then nobody listens for longer than the time.
    setImmediate(() => {
      const until = performance.now() + 100;
      while (performance.now() < until);
    });
    await expect(answered).resolves.toEqual([Buffer.from("answer")]);
    socket.destroy();
    server.close();
  });
});
