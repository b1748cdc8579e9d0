import type { EventFilter, EventPage, EventQuery, WaitOptions } from "@turnpike/domain/events/event-store";
import type { SessionWatch, SessionWatcher } from "./session-watch.ts";

/** Reads a page of a session's events; undefined when there is no such session. */
export type ReadPage = (
  orgId: string,
  sessionId: string,
  query: EventQuery,
) => Promise<EventPage | undefined>;

/** Reads timelines as they grow. */
export interface Follower {
  /** Hold until a page has events, or the time is up: then the empty page. Undefined when there is no such session. */
  waitForPage(
    orgId: string,
    sessionId: string,
    query: EventQuery,
    options: WaitOptions,
  ): Promise<EventPage | undefined>;
  /** Give pages in order, none of them empty, until `before` is reached, the session is gone, or the signal aborts. */
  pages(
    orgId: string,
    sessionId: string,
    filter: EventFilter,
    signal: AbortSignal,
  ): AsyncGenerator<EventPage, void, void>;
}

// What a slow reader makes us hold at most.
const PAGE_SIZE = 200;

/** Make a follower over a way to read and a way to hear of news. */
export function createFollower(read: ReadPage, watch: SessionWatch): Follower {
  const underWay = new Map<string, Promise<EventPage | undefined>>();

  /** Readers that are woken together ask the same question: it is put to the store once. */
  const readShared = (
    watcher: SessionWatcher,
    orgId: string,
    sessionId: string,
    query: EventQuery,
  ): Promise<EventPage | undefined> => {
    const key = JSON.stringify([orgId, sessionId, watcher.generation(), query]);
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const answered = watcher.begin();
    const page = read(orgId, sessionId, query)
      .then((found) => {
        if (found !== undefined) answered(found.latestSequence);
        return found;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, page);
    return page;
  };

  return {
    async waitForPage(orgId, sessionId, query, { timeoutMs, signal }) {
      const deadline = performance.now() + timeoutMs;
      const watcher = watch.open(orgId, sessionId);
      try {
        for (let wanted = query; ;) {
          const page = await readShared(watcher, orgId, sessionId, wanted);
          const leftMs = deadline - performance.now();
          if (page === undefined || page.events.length > 0 || leftMs <= 0) return page;
          if (signal?.aborted === true || isPassed(query, page)) return page;
          await watcher.next(page.latestSequence, leftMs, signal);
          // What was looked at need not be looked at again; without `after`, a page is the nearest one and stays as asked.
          if (query.after !== undefined) wanted = { ...query, after: page.nextAfter };
        }
      } finally {
        watcher.close();
      }
    },

    async *pages(orgId, sessionId, filter, signal) {
      const watcher = watch.open(orgId, sessionId);
      try {
        for (let after = filter.after ?? 0; !signal.aborted;) {
          const query = { ...filter, after, limit: PAGE_SIZE };
          const page = await readShared(watcher, orgId, sessionId, query);
          if (page === undefined) return;
          if (page.events.length > 0) yield page;
          after = page.nextAfter;
          if (isPassed(filter, page)) return;
          if (!page.hasMore) await watcher.next(page.latestSequence, Number.POSITIVE_INFINITY, signal);
        }
      } finally {
        watcher.close();
      }
    },
  };
}

/** Whether no event to come can lie below the upper bound. */
function isPassed(filter: EventFilter, page: EventPage): boolean {
  return filter.before !== undefined && !page.hasMore && page.latestSequence >= filter.before - 1;
}
