import { setTimeout as sleep } from "node:timers/promises";

/** An event as the timeline app shows it. */
export interface ShownEvent {
  readonly sequence: number;
  readonly eventType: string;
  readonly createdAt: string;
  readonly occurredAt?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A session as the timeline app shows it. */
export interface ShownSession {
  readonly id: string;
  readonly harnessId: string;
  readonly harnessSessionId: string;
  readonly displayTitle: string;
  readonly turnCount: number;
  readonly totalInputTokens: number;
  readonly totalOutputTokens: number;
  readonly totalCostUsd: number;
}

const POLL_MS = 50;
const PATIENCE_MS = 60_000;

/**
 * Wait until a turn has come to its end.
 * @returns its state: `stored` or `duplicate`.
 * @throws Error when it is dead, with the reason, or not ended after a minute.
 */
export async function waitForReceipt(timelineUrl: string, receipt: string): Promise<string> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await getJson<{ state: string; reason?: string }>(`${timelineUrl}/v1/receipts/${receipt}`);
    if (found.state === "dead") throw new Error(`turn ${receipt} could not be stored: ${found.reason ?? ""}`);
    if (found.state !== "queued") return found.state;
    if (performance.now() > deadline) throw new Error(`turn ${receipt} is still queued after a minute`);
    await sleep(POLL_MS);
  }
}

/** Find a session by the id that its harness gave it. */
export async function findSession(timelineUrl: string, harnessSessionId: string): Promise<ShownSession> {
  const query = new URLSearchParams({ harness_session_id: harnessSessionId });
  const { items } = await getJson<{ items: ShownSession[] }>(`${timelineUrl}/v1/sessions?${query}`);
  const [session] = items;
  if (session === undefined) throw new Error(`session ${harnessSessionId} is not there`);
  return session;
}

/** Read a session's whole timeline, page by page. */
export async function readTimeline(timelineUrl: string, sessionId: string): Promise<ShownEvent[]> {
  const events: ShownEvent[] = [];
  for (let after = 0, hasMore = true; hasMore;) {
    const page = await getJson<{ events: ShownEvent[]; nextAfter: number; hasMore: boolean }>(
      `${timelineUrl}/v1/sessions/${sessionId}/timeline?after=${after}`,
    );
    events.push(...page.events);
    ({ nextAfter: after, hasMore } = page);
  }
  return events;
}

async function getJson<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return (await answer.json()) as T;
}
