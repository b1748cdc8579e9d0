import { setTimeout as sleep } from "node:timers/promises";

const MAX_TRIES = 12;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** What the server said of a turn. */
export type PostResult =
  | { readonly outcome: "accepted"; readonly receipt: string; readonly retries: number }
  | {
      readonly outcome: "rejected";
      readonly status: number;
      readonly message: string;
      readonly retries: number;
    };

/**
 * Post one body and insist: a server that is busy, starting or away is asked again, with growing pauses or after the
 * time that it names. Safe, because a turn that is posted twice is stored once.
 * @throws Error when the server could not be reached in about half a minute.
 */
export async function postTurn(url: string, body: string): Promise<PostResult> {
  for (let retries = 0; ; retries += 1) {
    const answer = await send(url, body);
    if (answer instanceof Error) {
      if (retries + 1 >= MAX_TRIES)
        throw new Error(`no answer from ${url}: ${answer.message}`, { cause: answer });
      await sleep(delayMs(retries));
      continue;
    }
    const { status } = answer;
    const isPassing = status === 429 || status >= 500;
    if (isPassing && retries + 1 < MAX_TRIES) {
      await answer.body?.cancel();
      const namedMs = Number(answer.headers.get("retry-after") ?? 0) * 1_000;
      await sleep(Math.min(Math.max(namedMs, delayMs(retries)), MAX_DELAY_MS));
      continue;
    }
    const said = (await answer.json().catch(() => ({}))) as { receipt?: string; detail?: string };
    if (status === 202) return { outcome: "accepted", receipt: said.receipt ?? "", retries };
    return { outcome: "rejected", status, message: said.detail ?? answer.statusText, retries };
  }
}

async function send(url: string, body: string): Promise<Response | Error> {
  try {
    return await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  } catch (error) {
    return error instanceof Error
      ? error.cause instanceof Error
        ? error.cause
        : error
      : new Error(String(error));
  }
}

function delayMs(retries: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** retries, MAX_DELAY_MS);
}
