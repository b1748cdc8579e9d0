/** The timeline app on a database of the test file's own, and a store to fill it. */
import { randomUUID } from "node:crypto";
import type { TurnResult } from "@turnpike/domain/ports/ports";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { createLogger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import type { Problem } from "@turnpike/kit/http/problem";
import { createDeadLetters, type DeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { createPostgresEditor } from "@turnpike/store/edit/postgres-editor";
import { createPostgresReader } from "@turnpike/store/read/postgres-reader";
import { createTimelineApp } from "@turnpike/timeline/app";
import type { TimelineDeps } from "@turnpike/timeline/deps";
import { afterAll, beforeAll } from "vitest";
import { emptyQueue, forgetfulReplayer } from "../support/empty-queue.ts";
import { prepare } from "../support/prepare.ts";
import { type StoreFixture, useStore } from "../support/store-fixture.ts";

/** What an app answered. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

export interface TimelineFixture extends StoreFixture {
  readonly app: HttpApp;
  readonly deadLetters: DeadLetters;
  /** Ask for a path as this org, by header; as nobody when it is undefined. */
  get<T = Record<string, unknown>>(path: string, orgId?: string): Promise<Answer<T>>;
  /** Store turns one after the other. */
  ingest(...bodies: readonly string[]): Promise<TurnResult[]>;
}

export interface Event {
  readonly sequence: number;
  readonly id: string;
  readonly eventType: string;
  readonly createdAt: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly nodeHash?: string;
  readonly turnId?: string;
}

export interface Timeline {
  readonly sessionId: string;
  readonly events: readonly Event[];
  readonly latestSequence: number;
  readonly nextAfter: number;
  readonly hasMore: boolean;
}

export interface SessionPage {
  readonly items: readonly (Readonly<Record<string, unknown>> & { id: string; harnessSessionId: string })[];
  readonly nextCursor: string | null;
}

export interface TurnPage {
  readonly items: readonly (Readonly<Record<string, unknown>> & { id: string; firstSequence: number })[];
  readonly nextAfter: number | null;
}

/** Make an app whose database is elsewhere, or away; the reader is closed by the test. */
export function createTestTimeline(options: {
  readonly url: string;
  readonly queue?: Partial<TimelineDeps["queue"]>;
  readonly replayer?: TimelineDeps["replayer"];
  readonly isStopping?: () => boolean;
}) {
  const reader = createPostgresReader({ url: options.url, maxConnections: 4 });
  const editor = createPostgresEditor({ url: options.url, maxConnections: 4 });
  const deadLetters = createDeadLetters({ url: options.url, maxConnections: 4 });
  const app = createTimelineApp({
    reader,
    editor,
    deadLetters,
    queue: { ...emptyQueue, ...options.queue },
    replayer: options.replayer ?? forgetfulReplayer,
    logger: createLogger({ level: "silent", name: "test" }),
    registry: createRegistry("timeline"),
    isStopping: options.isStopping ?? (() => false),
  });
  return {
    app,
    deadLetters,
    async close() {
      await Promise.all([reader.close(), editor.close(), deadLetters.close()]);
    },
  };
}

/** Make the fixture for a test file; its parts may be used once the tests run. */
export function useTimeline(
  options: Pick<Parameters<typeof createTestTimeline>[0], "queue" | "replayer"> = {},
): TimelineFixture {
  const fixture = useStore();
  let timeline: ReturnType<typeof createTestTimeline> | undefined;
  beforeAll(() => {
    timeline = createTestTimeline({ url: fixture.url, ...options });
  });
  afterAll(() => timeline?.close());
  const need = () => {
    if (timeline === undefined) throw new Error("the fixture is used before its tests run");
    return timeline;
  };
  return {
    get store() {
      return fixture.store;
    },
    get sql() {
      return fixture.sql;
    },
    get url() {
      return fixture.url;
    },
    get deadLetters() {
      return need().deadLetters;
    },
    get app() {
      return need().app;
    },
    get: (path, orgId) => ask(need().app, path, orgId),
    async ingest(...bodies) {
      const results: TurnResult[] = [];
      for (const body of bodies) results.push(...(await fixture.store.ingestTurns([prepare(body)])));
      return results;
    },
  };
}

/** Ask an app for a path as this org, by header. */
export async function ask<T = Record<string, unknown>>(
  app: HttpApp,
  path: string,
  orgId?: string,
): Promise<Answer<T>> {
  const response = await app.request(path, orgId === undefined ? {} : { headers: orgHeader(orgId) });
  return { status: response.status, body: (await response.json()) as T, headers: response.headers };
}

export const orgHeader = (orgId: string): Record<string, string> => ({ "x-turnpike-org-id": orgId });

/** The id of a session that nobody has. */
export const unknownId = (): string => randomUUID();

/** What a problem looks like, for `toMatchObject`. */
export const problem = (status: number, code: Problem["code"]): Partial<Problem> => ({
  type: "about:blank",
  status,
  code,
});
