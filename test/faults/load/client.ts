/** A client as the contract wants it: it sends again on no answer and on 503, and takes nothing but 202 for a yes. */
import { setTimeout as delay } from "node:timers/promises";

/** Posts bodies. */
export interface Client {
  /**
   * Post until it is accepted, to one ingest process after the other.
   * @param onUnanswered called for every post that may have been taken or not.
   * @returns the answer; undefined when the client was closed before there was one.
   */
  post<T>(path: string, body: string, onUnanswered: () => void): Promise<T | undefined>;
  counts(): Readonly<ClientCounts>;
  /** Answers that the contract does not know. */
  surprises(): readonly string[];
  /** Let running posts end and start no other. */
  close(): void;
}

/** What came of the posts. */
export interface ClientCounts {
  accepted: number;
  refused: number;
  unanswered: number;
}

const ANSWER_PATIENCE_MS = 8_000;
const LARGE_PATIENCE_MS = 30_000;
const LARGE_CHARS = 1_000_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;
const GIVE_UP_MS = 180_000;

/** Make a client of several ingest processes. */
export function createClient(urls: readonly string[]): Client {
  const counts: ClientCounts = { accepted: 0, refused: 0, unanswered: 0 };
  const surprises: string[] = [];
  const closing = new AbortController();
  let turn = 0;

  const tryOnce = async <T>(
    path: string,
    body: string,
  ): Promise<{ accepted: T } | "refused" | "unanswered"> => {
    turn += 1;
    const url = `${urls[turn % urls.length]}${path}`;
    const patience = body.length > LARGE_CHARS ? LARGE_PATIENCE_MS : ANSWER_PATIENCE_MS;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(patience),
      });
      const text = await answer.text();
      if (answer.status === 202) return { accepted: JSON.parse(text) as T };
      // 408: the network was too slow for the server's patience.
      if (answer.status !== 503 && answer.status !== 408)
        surprises.push(`${path} answered ${answer.status}: ${text.slice(0, 300)}`);
      else if (answer.headers.get("retry-after") === null && answer.status === 503)
        surprises.push(`${path} answered 503 without Retry-After`);
      return "refused";
    } catch {
      return "unanswered";
    }
  };

  return {
    async post<T>(path: string, body: string, onUnanswered: () => void) {
      const deadline = Date.now() + GIVE_UP_MS;
      for (let pauseMs = FIRST_PAUSE_MS; !closing.signal.aborted; pauseMs *= 2) {
        const answer = await tryOnce<T>(path, body);
        if (typeof answer === "object") {
          counts.accepted += 1;
          return answer.accepted;
        }
        counts[answer] += 1;
        onUnanswered();
        if (Date.now() > deadline) {
          surprises.push(`${path} was not accepted within ${GIVE_UP_MS} ms`);
          return undefined;
        }
        await delay(Math.min(pauseMs, MAX_PAUSE_MS), undefined, { signal: closing.signal }).catch(() => {});
      }
      return undefined;
    },
    counts: () => counts,
    surprises: () => surprises,
    close: () => closing.abort(),
  };
}
