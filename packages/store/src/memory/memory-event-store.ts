import { AppError } from "@turnpike/domain/errors";
import type {
  EventPage,
  EventQuery,
  EventStore,
  NewEvent,
  StoredEvent,
} from "@turnpike/domain/events/event-store";
import { v7 as uuidv7 } from "uuid";
import { createFollower } from "../follow/follower.ts";
import { createSessionWatch } from "../follow/session-watch.ts";
import { keyOf } from "../ingest/find-sessions.ts";
import { PAGE_BYTES } from "../read/page-budget.ts";
import { resolveKnown } from "../events/resolve-known.ts";

interface Timeline {
  readonly orgId: string;
  readonly sessionId: string;
  readonly events: StoredEvent[];
  readonly byId: Map<string, StoredEvent>;
  /** Of the latest event, in microseconds since 1970. */
  latestUs: number;
}

/** An event store that forgets everything when its process ends. Sessions come to be by `flush`. */
export function createMemoryEventStore(): EventStore & { close(): void } {
  const timelines = new Map<string, Timeline>();
  const idOfKey = new Map<string, string>();
  const watch = createSessionWatch((sessions) =>
    Promise.resolve(
      sessions.flatMap(({ orgId, sessionId }) => {
        const timeline = find(orgId, sessionId);
        return timeline ? [{ orgId, sessionId, latestSequence: timeline.events.length }] : [];
      }),
    ),
  );
  const follower = createFollower(
    (orgId, sessionId, query) => Promise.resolve(read(orgId, sessionId, query)),
    watch,
  );

  function find(orgId: string, sessionId: string): Timeline | undefined {
    const timeline = timelines.get(sessionId);
    return timeline?.orgId === orgId ? timeline : undefined;
  }

  function read(orgId: string, sessionId: string, query: EventQuery): EventPage | undefined {
    const timeline = find(orgId, sessionId);
    return timeline && toPage(timeline, query);
  }

  function append(timeline: Timeline, events: readonly NewEvent[]): StoredEvent[] {
    const { fresh, places } = resolveKnown(events, timeline.byId);
    const appended = fresh.map((event) => toStored(timeline, event));
    const { orgId, sessionId } = timeline;
    if (appended.length > 0) watch.hear([{ orgId, sessionId, latestSequence: timeline.events.length }]);
    return places.map((place) => (typeof place === "number" ? (appended[place] as StoredEvent) : place));
  }

  return {
    async append(orgId, sessionId, events) {
      const timeline = find(orgId, sessionId);
      if (timeline === undefined) throw new AppError("not_found", "no such session");
      return append(timeline, events);
    },
    latestSequence: (orgId, sessionId) => Promise.resolve(find(orgId, sessionId)?.events.length ?? 0),
    get: (orgId, sessionId, query) => Promise.resolve([...(read(orgId, sessionId, query)?.events ?? [])]),
    async wait(orgId, sessionId, query, options) {
      const page = await follower.waitForPage(orgId, sessionId, query, options);
      return [...(page?.events ?? [])];
    },
    async *stream(orgId, sessionId, filter, signal) {
      for await (const page of follower.pages(orgId, sessionId, filter, signal)) yield* page.events;
    },
    async flush({ orgId, session, events }) {
      const key = keyOf({ orgId, ...session });
      const sessionId = idOfKey.get(key) ?? uuidv7();
      const timeline = timelines.get(sessionId) ?? createTimeline(orgId, sessionId);
      const stored = append(timeline, events);
      idOfKey.set(key, sessionId);
      timelines.set(sessionId, timeline);
      return { sessionId, events: stored };
    },
    close: () => watch.close(),
  };
}

function createTimeline(orgId: string, sessionId: string): Timeline {
  return { orgId, sessionId, events: [], byId: new Map(), latestUs: 0 };
}

function toStored(timeline: Timeline, event: NewEvent): StoredEvent {
  timeline.latestUs = Math.max(Date.now() * 1_000, timeline.latestUs + 1);
  const stored: StoredEvent = {
    sequence: timeline.events.length + 1,
    id: event.id ?? uuidv7(),
    eventType: event.eventType,
    createdAt: isoOf(timeline.latestUs),
    occurredAt: event.occurredAt === undefined ? null : isoOf(new Date(event.occurredAt).valueOf() * 1_000),
    metadata: event.metadata ?? {},
    runId: event.runId ?? null,
    message: event.message ?? null,
    nodeHash: null,
    turnId: null,
  };
  timeline.events.push(stored);
  timeline.byId.set(stored.id, stored);
  return stored;
}

function toPage(timeline: Timeline, query: EventQuery): EventPage {
  const { after, before, eventTypes, runId, since, limit, order = "asc" } = query;
  const matching = timeline.events.filter(
    (event) =>
      (after === undefined || event.sequence > after) &&
      (before === undefined || event.sequence < before) &&
      (eventTypes === undefined || eventTypes.includes(event.eventType)) &&
      (runId === undefined || event.runId === runId) &&
      (since === undefined || event.createdAt > isoOf(microsecondsOf(since))),
  );
  const isDescending = order === "desc" || (before !== undefined && after === undefined);
  const inOrder = isDescending ? matching.toReversed() : matching;
  const taken = takePage(inOrder.slice(0, limit));
  const hasMore = matching.length > taken.length;
  const nearest = isDescending ? taken.toReversed() : taken;
  const latestSequence = timeline.events.length;
  const last = nearest.at(-1)?.sequence ?? 0;
  const seen = Math.min(latestSequence, (before ?? Number.POSITIVE_INFINITY) - 1);
  return {
    events: order === "desc" ? nearest.toReversed() : nearest,
    latestSequence,
    hasMore,
    nextAfter: hasMore && !isDescending ? last : Math.max(after ?? 0, last, seen),
  };
}

/** As many as a page may hold, by the rule of `readParts`. */
function takePage(events: readonly StoredEvent[]): StoredEvent[] {
  const taken: StoredEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const sizes = {
      metadata: Buffer.byteLength(JSON.stringify(event.metadata)),
      message: Buffer.byteLength(event.message ?? ""),
    };
    const isTooLarge = sizes.metadata + sizes.message > PAGE_BYTES;
    const large = Object.entries(sizes).filter(([, size]) => isTooLarge && size > PAGE_BYTES / 2);
    const truncated = Object.fromEntries(large);
    bytes += sizes.metadata + sizes.message - large.reduce((sum, [, size]) => sum + size, 0);
    if (taken.length > 0 && bytes > PAGE_BYTES) break;
    taken.push({
      ...event,
      ...("metadata" in truncated ? { metadata: {} } : {}),
      ...("message" in truncated ? { message: null } : {}),
      ...(large.length === 0 ? {} : { truncated }),
    });
  }
  return taken;
}

/** Microseconds since 1970 of an RFC 3339 time; a JavaScript date keeps only milliseconds. */
function microsecondsOf(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  return Math.floor(new Date(time).valueOf()) * 1_000 + Number(fraction.slice(3, 6).padEnd(3, "0"));
}

function isoOf(microseconds: number): string {
  const milliseconds = Math.floor(microseconds / 1_000);
  const rest = String(microseconds - milliseconds * 1_000).padStart(3, "0");
  return new Date(milliseconds).toISOString().replace("Z", `${rest}Z`);
}
