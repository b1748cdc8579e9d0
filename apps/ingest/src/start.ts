import type { Logger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { type HttpServer, serve } from "@turnpike/kit/http/serve";
import { createIngestApp } from "./app.ts";
import type { IngestConfig } from "./config.ts";
import type { IngestQueue } from "./deps.ts";

/** What a running ingest app is made of. It does not own the queue: whoever made it closes it, after the app. */
export interface StartIngestOptions {
  readonly config: Pick<
    IngestConfig,
    "PORT" | "HOST" | "ALLOWED_HOSTS" | "MAX_RECEIVED_BYTES" | "MAX_DECODED_BYTES" | "MAX_INFLIGHT_BYTES"
  >;
  readonly queue: IngestQueue;
  readonly logger: Logger;
}

/**
 * Start the ingest app on its port. Closing turns `/readyz` to 503 at once, then drains.
 * @throws Error when the port cannot be had.
 */
export async function startIngest({ config, queue, logger }: StartIngestOptions): Promise<HttpServer> {
  let isStopping = false;
  const app = createIngestApp({
    queue,
    logger,
    limits: { receivedBytes: config.MAX_RECEIVED_BYTES, decodedBytes: config.MAX_DECODED_BYTES },
    maxInflightBytes: config.MAX_INFLIGHT_BYTES,
    registry: createRegistry("ingest"),
    isStopping: () => isStopping,
  });
  const server = await serve({
    app,
    port: config.PORT,
    host: config.HOST,
    allowedHosts: config.ALLOWED_HOSTS,
  });
  logger.info({ event: "ingest_started", url: server.url }, "ingest is listening");
  return {
    url: server.url,
    close: (deadlineMs) => {
      isStopping = true;
      return server.close(deadlineMs);
    },
  };
}
