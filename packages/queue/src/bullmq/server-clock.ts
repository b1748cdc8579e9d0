/**
 * The backend's clock as this process knows it. BullMQ times locks and back-off by the clock of whichever process calls; one
 * whose clock is wrong would take over jobs that are running elsewhere, or hold delayed ones back for as long as it is wrong.
 */
import type { Log } from "@turnpike/domain/ports/ports";

/** What BullMQ's times are corrected by. */
export interface ServerClock {
  /** What to add to a time of this process to get the server's. Right also after this process's clock has been set. */
  offsetMs(): number;
  /** Ask the server anew; when it does not answer, what was known before goes on. */
  sync(): Promise<void>;
}

// Below this the network's own delay is all that there is to see.
const NOTEWORTHY_OFFSET_MS = 5_000;

/**
 * Ask the server for its time once, and go on from there.
 * @param readServerMs milliseconds since 1970.
 * @throws what `readServerMs` throws.
 */
export async function createServerClock(readServerMs: () => Promise<number>, log: Log): Promise<ServerClock> {
  // Counted on a clock that nobody sets.
  let baseMs = 0;
  const read = async (): Promise<void> => {
    const asked = performance.now();
    const serverMs = await readServerMs();
    baseMs = serverMs - (asked + performance.now()) / 2;
  };
  const offsetMs = (): number => Math.round(baseMs + performance.now() - Date.now());
  await read();
  if (Math.abs(offsetMs()) > NOTEWORTHY_OFFSET_MS)
    log.warn({ offsetMs: offsetMs() }, "this machine's clock differs from the queue's; the queue's counts");
  return { offsetMs, sync: () => read().catch(() => {}) };
}
