import { connectDatabase, type Database } from "../connection/read-connection.ts";

/** Asks one server one question, on a connection of its own: a busy pool says nothing about the server. */
export interface Probe<T> {
  /** @throws an error within the bound of time, also when the server hangs; the next call takes a new connection. */
  ask(): Promise<T>;
  close(): Promise<void>;
}

/** Make a probe; it connects when it is first asked. */
export function createProbe<T>(
  options: { readonly url: string; readonly timeoutMs: number },
  question: (pool: Database) => Promise<T>,
): Probe<T> {
  let pool: Database | undefined;

  // Ends at once, and with it fails what is under way.
  const letGo = async (): Promise<void> => {
    const lost = pool;
    pool = undefined;
    await lost?.end({ timeout: 0 });
  };

  return {
    async ask() {
      pool ??= connectDatabase({ url: options.url, maxConnections: 1, name: "turnpike-replica-probe" });
      const timer = setTimeout(() => void letGo(), options.timeoutMs);
      try {
        return await question(pool);
      } catch (error) {
        // Its next attempt would wait longer and longer.
        void letGo();
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    close: letGo,
  };
}
