import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { NewEvent, StoredEvent } from "@turnpike/domain/events/event-store";
import { createLogger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { type HttpServer, serve } from "@turnpike/kit/http/serve";
import { appendEvents } from "@turnpike/store/events/append-events";
import { flushSession } from "@turnpike/store/events/flush-session";
import { createDeadLetters, type DeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { createPostgresEditor } from "@turnpike/store/edit/postgres-editor";
import { createPostgresReader, type PostgresReader } from "@turnpike/store/read/postgres-reader";
import { createWritePool, type WritePool } from "@turnpike/store/connection/write-pool";
import { createTimelineApp } from "@turnpike/timeline/app";
import { afterAll, beforeAll } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { emptyQueue, forgetfulReplayer } from "../support/empty-queue.ts";

/** A database, and how the app reads it. */
/** After how long a client is cut off that takes nothing. */
export const WRITE_TIMEOUT_MS = 2_000;

export interface EventsDatabase extends Pick<Parameters<typeof createPostgresReader>[0], "url" | "replica"> {
  drop(): Promise<void>;
}

/** The timeline app on a socket, and a way to append events as lifecycle events come. */
export interface EventsFixture {
  readonly url: string;
  readonly org: string;
  readonly reader: PostgresReader;
  /** Begin to stop the app: its long polls and streams end. */
  stop(): void;
  makeSession(): Promise<string>;
  /** Append, and tell the app so, as a worker does; or keep it from the app. */
  append(sessionId: string, events: readonly NewEvent[], tellsApp?: boolean): Promise<StoredEvent[]>;
  /** Ask for a path as the fixture's org. */
  get<T>(path: string, headers?: Readonly<Record<string, string>>): Promise<{ status: number; body: T }>;
}

/** Make the fixture for a test file; its parts may be used once the tests run. */
export function useEvents(open: () => Promise<EventsDatabase> = createTestDatabase): EventsFixture {
  const org = randomUUID();
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  let parts:
    | { database: EventsDatabase; pool: WritePool; reader: PostgresReader; server: HttpServer }
    | undefined;
  let deadLetters: DeadLetters | undefined;
  let editor: ReturnType<typeof createPostgresEditor> | undefined;
  beforeAll(async () => {
    const database = await open();
    const pool = createWritePool({ url: database.url, maxConnections: 4, name: "test" });
    const { url, replica } = database;
    const reader = createPostgresReader({ url, replica, maxConnections: 4 });
    editor = createPostgresEditor({ url, maxConnections: 1, onEdit: (org) => reader.noteEdit(org) });
    deadLetters = createDeadLetters({ url: database.url, maxConnections: 1 });
    const app = createTimelineApp({
      reader,
      editor,
      deadLetters,
      queue: emptyQueue,
      replayer: forgetfulReplayer,
      logger: createLogger({ level: "silent", name: "test" }),
      registry: createRegistry("timeline"),
      isStopping: () => stopping.signal.aborted,
      stopSignal: stopping.signal,
    });
    const server = await serve({ app, port: 0, host: "127.0.0.1", writeTimeoutMs: WRITE_TIMEOUT_MS });
    parts = { database, pool, reader, server };
  });
  afterAll(async () => {
    stopping.abort();
    await parts?.server.close(1_000);
    await parts?.reader.close();
    await editor?.close();
    await deadLetters?.close();
    await parts?.pool.close();
    await parts?.database.drop();
  });
  const need = () => {
    if (parts === undefined) throw new Error("the fixture is used before its tests run");
    return parts;
  };
  return {
    get url() {
      return need().server.url;
    },
    org,
    get reader() {
      return need().reader;
    },
    stop: () => stopping.abort(),
    async makeSession() {
      const session = {
        harnessId: "claude",
        harnessSessionId: randomUUID(),
        parent: undefined,
        authSubject: "",
        harnessVersion: undefined,
        cwd: undefined,
        name: undefined,
        metadata: {},
      };
      const made = await need().pool.transaction((tx) =>
        flushSession(tx, { orgId: org, session, events: [] }),
      );
      return made.sessionId;
    },
    async append(sessionId, events, tellsApp = true) {
      const stored = await appendEvents(need().pool, org, sessionId, events);
      if (tellsApp) {
        need().reader.hear([{ orgId: org, sessionId, latestSequence: stored.at(-1)?.sequence ?? 0 }]);
      }
      return stored;
    },
    async get<T>(path: string, headers: Readonly<Record<string, string>> = {}) {
      const answer = await fetch(need().server.url + path, {
        headers: { "x-turnpike-org-id": org, ...headers },
      });
      const text = await answer.text();
      return { status: answer.status, body: (text === "" ? undefined : JSON.parse(text)) as T };
    },
  };
}

/** Some events of a type. */
export function some(count: number, eventType = "tick"): NewEvent[] {
  return Array.from({ length: count }, (_unused, index) => ({ eventType, message: String(index) }));
}

/** 1 to n. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_unused, index) => index + 1);
