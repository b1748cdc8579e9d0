import { setMaxListeners } from "node:events";
import type { Logger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { type HttpServer, serve } from "@turnpike/kit/http/serve";
import { createTimelineApp } from "./app.ts";
import type { TimelineConfig } from "./config.ts";
import type { TimelineDeps } from "./deps.ts";

/**
 * Start the timeline app on its port. It owns nothing of what it is given: whoever made it closes it, after the app.
 * @throws Error when the port cannot be had.
 */
export async function startTimeline(
  options: Pick<TimelineDeps, "reader" | "editor" | "deadLetters" | "queue" | "replayer"> & {
    readonly config: Pick<TimelineConfig, "PORT" | "HOST" | "ALLOWED_HOSTS">;
    readonly logger: Logger;
  },
): Promise<HttpServer> {
  const { config, logger, reader, editor, deadLetters, queue, replayer } = options;
  const stop = new AbortController();
  // As many as there are long polls and streams.
  setMaxListeners(0, stop.signal);
  const app = createTimelineApp({
    reader,
    editor,
    deadLetters,
    queue,
    replayer,
    logger,
    registry: createRegistry("timeline"),
    isStopping: () => stop.signal.aborted,
    stopSignal: stop.signal,
  });
  const server = await serve({
    app,
    port: config.PORT,
    host: config.HOST,
    allowedHosts: config.ALLOWED_HOSTS,
  });
  logger.info({ event: "timeline_started", url: server.url }, "timeline is listening");
  return {
    url: server.url,
    close(deadlineMs) {
      stop.abort();
      return server.close(deadlineMs);
    },
  };
}
