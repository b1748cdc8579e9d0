/**
 * Transactions. On `pg`, not on the driver that reads: a transaction whose connection is lost must fail, whole and once.
 * postgres.js 3.4.9 crashes the process then, hangs, or runs what is left of it on a new connection.
 */
import { createHash } from "node:crypto";
import type { Writable } from "node:stream";
import { AppError, isAppError } from "@turnpike/domain/errors";
import { type Client, Pool, type PoolClient, type QueryResultRow } from "pg";
import { writeArray } from "./array-literal.ts";
import { planSettings, sessionSettings } from "./session-settings.ts";
import { translateAnswer, translateRefusal } from "./translate-error.ts";

/** Run one statement: values become parameters, arrays become Postgres arrays. Prepared once per connection. */
export type Statement = <Row extends object = Record<string, unknown>>(
  text: TemplateStringsArray,
  ...values: readonly unknown[]
) => Promise<Row[]>;

/**
 * The statements of one transaction, on one connection. Those that are called before the first of them is waited for travel
 * together, which saves a round trip each; they run in the order of the calls, each seeing what the ones before it did. When one
 * fails, so do all behind it.
 */
export type Transaction = Statement;

/** A pool of connections for writing. */
export interface WritePool {
  /** Run one statement in a transaction of its own. */
  readonly statement: Statement;
  /**
   * Run a transaction: committed when `run` resolves, rolled back when it rejects. What `finish` calls, at once, travels together with
   * the COMMIT; when one of its statements fails, nothing is committed.
   * @throws what `run` throws, or AppError `store_unavailable`, `store_contention`, `store_rejected`, `store_failed`. When the
   *   connection is lost at the very COMMIT it is unknown whether it took place; the same turns may be tried again in any case.
   */
  transaction<T>(
    run: (tx: Transaction) => Promise<T>,
    finish?: (tx: Transaction, result: T) => Promise<unknown>,
  ): Promise<T>;
  /** Use new connections from now on; what runs on the old ones fails with `store_unavailable`. */
  reopen(): void;
  /** Close idle connections, and those in use when they are no longer; at the latest after a few seconds, whatever runs on them. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 60_000;
// Above the server's own statement timeout: it ends a wait for a server that hangs.
const QUERY_TIMEOUT_MS = sessionSettings.statement_timeout + 15_000;
// A peer that vanished without a word is looked for after this long a silence.
const KEEP_ALIVE_AFTER_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

// For statements that look rows up by their keys, which is all that ingest does. They are planned once per connection, so a plan
// is chosen by the rows that it visits alone: by its usual costs the planner takes an index that begins with the org, and the org's
// rows one by one, while all of them lie on a page or two.
const LOOK_UP_SETTINGS = [
  "enable_seqscan=off",
  "enable_hashjoin=off",
  "enable_mergejoin=off",
  "plan_cache_mode=force_generic_plan",
  "seq_page_cost=0",
  "random_page_cost=0",
  "cpu_tuple_cost=1",
];
// The server plans anew when a table was analysed, which in a new database takes a minute; until then we see to it, each time
// after twice the time, for that is how fast a table can double.
const FIRST_PLANS_MS = 250;
const LAST_PLANS_MS = 300_000;

/** How to open a pool. */
export interface WritePoolOptions {
  readonly url: string;
  readonly maxConnections: number;
  readonly name: string;
  /** Whether every statement looks rows up by their keys: planned for that, and again as tables grow. */
  readonly looksUpOnly?: boolean;
}

/** Open the pool. No connection is made before the first call; a lost one is made again at the next. */
export function createWritePool(options: WritePoolOptions): WritePool {
  let current = openPool(options);
  return {
    statement: (text, ...values) => onConnection((client) => toStatement(client)(text, ...values)),
    transaction: (run, finish) => onConnection((client) => transact(client, run, finish)),
    reopen() {
      const old = current;
      current = openPool(options);
      void old.close(0);
    },
    close: () => current.close(CLOSE_TIMEOUT_MS),
  };

  async function onConnection<T>(use: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await current.connect().catch((error: unknown) => {
      throw translateRefusal(error);
    });
    const ignore = (): void => {};
    client.on("error", ignore);
    let isSound = true;
    try {
      if (options.looksUpOnly === true) discardOldPlans(client);
      return await use(client);
    } catch (error) {
      // One that is lost, or whose session is at fault (read-only, without its prepared statements, with outdated plans): the next
      // attempt gets a new one.
      isSound = !isAppError(error, "store_unavailable");
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(!isSound);
    }
  }
}

interface OpenPool {
  connect(): Promise<PoolClient>;
  /** Connections that are still in use after the time are cut off. */
  close(timeoutMs: number): Promise<void>;
}

function openPool(options: WritePoolOptions): OpenPool {
  const pool = new Pool({
    connectionString: options.url,
    max: options.maxConnections,
    application_name: options.name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    ...sessionSettings,
    options: [`jit=${planSettings.jit}`, ...(options.looksUpOnly === true ? LOOK_UP_SETTINGS : [])]
      .map((each) => `-c ${each}`)
      .join(" "),
  });
  const open = new Set<PoolClient>();
  // A connection that is lost while idle is reported here, and replaced at the next call.
  pool.on("error", () => {});
  pool.on("connect", (client) => void open.add(client));
  pool.on("remove", (client) => void open.delete(client));
  return {
    connect: () => pool.connect(),
    async close(timeoutMs) {
      const cutOff = setTimeout(() => {
        // Ends the statement that runs on it, too: the driver destroys the socket of a connection that is busy.
        for (const client of open) void (client as unknown as Client).end().catch(() => {});
      }, timeoutMs);
      await pool.end();
      clearTimeout(cutOff);
    },
  };
}

const planned = new WeakMap<PoolClient, { readonly untilMs: number; readonly forMs: number }>();

/** Have the server forget plans that were made for smaller tables. Travels with what comes next. */
function discardOldPlans(client: PoolClient): void {
  const nowMs = performance.now();
  const last = planned.get(client);
  if (last !== undefined && nowMs < last.untilMs) return;
  const forMs = last === undefined ? FIRST_PLANS_MS : Math.min(2 * last.forMs, LAST_PLANS_MS);
  planned.set(client, { untilMs: nowMs + forMs, forMs });
  // When it fails so does the next statement, on a connection that is lost.
  if (last !== undefined) client.query("DISCARD PLANS").catch(() => {});
}

async function transact<T>(
  client: PoolClient,
  run: (tx: Transaction) => Promise<T>,
  finish: (tx: Transaction, result: T) => Promise<unknown> = () => Promise.resolve(),
): Promise<T> {
  // Of statements that were sent together, those behind the one that failed fail too, and may be heard of before it.
  let firstFailure: unknown;
  const note = (error: unknown): void => {
    firstFailure ??= error;
  };
  const tx = toStatement(client, note);
  try {
    const begun = ask(client, () => client.query("BEGIN"));
    begun.catch(note);
    const result = await run(tx);
    await begun;
    const finished = finish(tx, result);
    // Behind a statement that the server refused, COMMIT is a ROLLBACK; but one that never left is unknown to it.
    const commits = firstFailure === undefined;
    await Promise.all([finished, commits && ask(client, () => client.query("COMMIT"))]);
    if (firstFailure !== undefined) throw firstFailure;
    return result;
  } catch (error) {
    // On a connection that is lost this fails too, and the server has rolled back by itself.
    await client.query("ROLLBACK").catch((cause: unknown) => {
      throw new AppError("store_unavailable", "database: connection lost", { cause });
    });
    throw firstFailure ?? error;
  }
}

function toStatement(client: PoolClient, onFailure: (error: unknown) => void = () => {}): Statement {
  return async <Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) => {
    try {
      const statement = { values: values.map(toParameter), ...describe(text) };
      const { rows } = await ask(client, () => client.query<Row & QueryResultRow>(statement));
      return rows;
    } catch (error) {
      onFailure(error);
      throw error;
    }
  };
}

function toParameter(value: unknown): unknown {
  return Array.isArray(value) ? writeArray(value) : value;
}

/** Ask the server; what is sent in the same tick leaves in one piece. What fails here is the store's, all else is our own. */
async function ask<T>(client: PoolClient, send: () => Promise<T>): Promise<T> {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
  try {
    return await send();
  } catch (error) {
    throw translateAnswer(error);
  }
}

const described = new WeakMap<TemplateStringsArray, { readonly name: string; readonly text: string }>();

/** A statement's text with $1, $2, … and the name under which a connection keeps it prepared. */
function describe(strings: TemplateStringsArray): { readonly name: string; readonly text: string } {
  const known = described.get(strings);
  if (known !== undefined) return known;
  const text = strings.reduce((joined, part, index) => `${joined}$${index}${part}`);
  const name = createHash("sha1").update(text).digest("hex").slice(0, 16);
  const made = { name, text };
  described.set(strings, made);
  return made;
}
