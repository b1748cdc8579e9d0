import { setTimeout as delay } from "node:timers/promises";

const pollMs = 20;

/** What is waited for, and how long at most. */
export interface WaitOptions {
  /** Completes the sentence "timed out waiting until …". */
  readonly what: string;
  /** Default 20,000. */
  readonly timeoutMs?: number;
}

/** Wait until something that can be pinged answers. */
export async function untilUp(
  { ping }: { readonly ping: () => Promise<unknown> },
  what: string,
): Promise<void> {
  await waitUntil(() => ping().then(() => true), { what });
}

/**
 * Wait until a condition yields something truthy, and return that. A condition that throws is not met yet.
 * @throws Error that says what was waited for, with the condition's last error as its cause.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 20_000 }: WaitOptions,
): Promise<Exclude<T, false | 0 | "" | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, false | 0 | "" | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= deadline) {
      throw new Error(`timed out after ${timeoutMs} ms waiting until ${what}`, { cause });
    }
    await delay(pollMs);
  }
}
