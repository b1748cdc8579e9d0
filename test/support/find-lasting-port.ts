import { randomInt } from "node:crypto";
import { isPortFree } from "@turnpike/embedded/server/find-free-port";

/**
 * Find a TCP port that is free on 127.0.0.1, and that nobody is given by chance while it is closed for a while: it lies below those
 * that the operating system hands out.
 */
export async function findLastingPort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    if (await isPortFree(port)) return port;
  }
}
