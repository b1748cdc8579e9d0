/**
 * A pool whose questions always come to an end, and never to a false one. The driver (postgres.js 3.4.9) takes a query for a
 * connection that is just being lost, does not fail it, and ends it with the first answer of the connection's next life: with
 * no rows, as if there were nothing. So a pool that loses a connection is replaced, and what was asked of it fails at once.
 */
import { AppError } from "@turnpike/domain/errors";
import { connectDatabase } from "./read-connection.ts";
import { translateError } from "./translate-error.ts";
import { type ReadDatabase, toReadDatabase } from "./read-database.ts";

/** A pool to one server, for reading. */
export interface ReadPool {
  /**
   * Ask, in statements that stand alone.
   * @throws AppError `store_unavailable` when any of the pool's connections is lost meanwhile.
   */
  readonly ask: <T>(question: (db: ReadDatabase) => Promise<T>) => Promise<T>;
  /** Let questions that are under way end within the time given; then they fail. */
  readonly close: (timeoutS: number) => Promise<void>;
}

/** Open a pool. No connection is made before the first question; lost ones are made again at the next. */
export function createReadPool(options: {
  readonly url: string;
  readonly maxConnections: number;
  readonly name: string;
}): ReadPool {
  let current = open();
  let isClosing = false;

  function open() {
    const pool = connectDatabase({ ...options, onLoss: () => retire() });
    const underWay = new Set<(error: AppError) => void>();
    const opened = { pool, db: toReadDatabase(pool), underWay };
    const retire = (): void => {
      if (current !== opened || isClosing) return;
      current = open();
      for (const fail of underWay) fail(new AppError("store_unavailable", "database: a connection was lost"));
      void pool.end({ timeout: 0 });
    };
    return opened;
  }

  return {
    async ask(question) {
      const { db, underWay } = current;
      let fail: ((error: AppError) => void) | undefined;
      const lost = new Promise<never>((_resolve, reject) => {
        fail = reject;
        underWay.add(reject);
      });
      try {
        return await Promise.race([question(db), lost]);
      } catch (error) {
        throw translateError(error);
      } finally {
        if (fail !== undefined) underWay.delete(fail);
      }
    },
    close(timeoutS) {
      isClosing = true;
      return current.pool.end({ timeout: timeoutS });
    },
  };
}
