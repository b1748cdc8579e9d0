/** A timeline as Server-Sent Events: served from the database like any page, so a reader may come and go at any point. */
import type { EventFilter, EventPage } from "@turnpike/domain/events/event-store";
import type { HttpEnv } from "@turnpike/kit/http/http-env";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { signalOf } from "../http/signal-of.ts";
import { toTimelineEvent } from "./timeline-event.ts";

/** Below the idle time-outs of common proxies. */
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 1_000;

/** Follow a session's events; pages are never empty. */
export type FollowEvents = (
  filter: EventFilter,
  signal: AbortSignal,
) => AsyncGenerator<EventPage, void, void>;

/**
 * Answer with the events that match, those of now and those to come: `id` is the sequence, `data` the event. Ends when
 * `before` is reached, when the client is gone or takes nothing (`serve` cuts it off), and when the app stops. Holds one page at a time.
 */
export function streamEvents(
  c: Context<HttpEnv>,
  filter: EventFilter,
  follow: FollowEvents,
  stopSignal: AbortSignal | undefined,
): Response {
  const answer = streamSSE(c, async (stream) => {
    const { signal, abort, release } = signalOf(c, stopSignal);
    stream.onAbort(abort);
    let isWriting = false;
    const write = async (text: string): Promise<void> => {
      isWriting = true;
      try {
        await stream.write(text);
      } finally {
        isWriting = false;
      }
    };
    const heartbeat = setInterval(() => {
      if (!isWriting) void write(": heartbeat\n\n").catch(abort);
    }, HEARTBEAT_MS);
    try {
      await write(`retry: ${RETRY_MS}\n\n`);
      for await (const page of follow(filter, signal)) await write(page.events.map(toMessage).join(""));
    } finally {
      clearInterval(heartbeat);
      release();
    }
  });
  // Like any page of it; by itself it would be kept, and asked for anew.
  answer.headers.set("Cache-Control", "no-store");
  return answer;
}

function toMessage(event: EventPage["events"][number]): string {
  return `id: ${event.sequence}\ndata: ${JSON.stringify(toTimelineEvent(event))}\n\n`;
}
