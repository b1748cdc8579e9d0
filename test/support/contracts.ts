import type { JsonValue } from "@turnpike/domain/json/json";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { createLogger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { createDeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { createPostgresEditor } from "@turnpike/store/edit/postgres-editor";
import { createPostgresReader } from "@turnpike/store/read/postgres-reader";
import { createTimelineApp } from "@turnpike/timeline/app";
import { emptyQueue, forgetfulReplayer } from "./empty-queue.ts";
import { createTestIngest } from "../ingest/ingest-fixture.ts";

// Nothing listens there; the documents need no database.
const NO_DATABASE = { url: "postgres://127.0.0.1:1/none", maxConnections: 1 };

const logger = createLogger({ level: "silent", name: "contract" });

/** The documents that the apps serve, by app. */
export async function readContracts(): Promise<Readonly<Record<"ingest" | "timeline", JsonValue>>> {
  const timeline = createTimelineApp({
    reader: createPostgresReader(NO_DATABASE),
    editor: createPostgresEditor(NO_DATABASE),
    deadLetters: createDeadLetters(NO_DATABASE),
    queue: emptyQueue,
    replayer: forgetfulReplayer,
    logger,
    registry: createRegistry("timeline"),
    isStopping: () => false,
  });
  return { ingest: await readDocument(createTestIngest().app), timeline: await readDocument(timeline) };
}

async function readDocument(app: HttpApp): Promise<JsonValue> {
  const answer = await app.request("/openapi.json");
  return (await answer.json()) as JsonValue;
}
