import { userInfo } from "node:os";

// Longer than any route that these commands ask takes.
const REQUEST_TIMEOUT_MS = 60_000;

/** Where the timeline app of `turnpike start` listens. */
export const DEFAULT_TIMELINE_URL = "http://127.0.0.1:8788";

/** Asks the timeline app. */
export interface TimelineApi {
  /** @throws Error with what the app said, or that there is no answer. */
  get<T>(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<T>;
  /** The same, with a body; in the name of whoever runs the command. */
  post<T>(path: string, body: Readonly<Record<string, unknown>>): Promise<T>;
}

/** Make an asker of the timeline app at a URL. */
export function createTimelineApi(url: string): TimelineApi {
  const base = url.replace(/\/+$/, "");
  return {
    get(path, query = {}) {
      const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
      return ask(base, `${path}${given.length === 0 ? "" : `?${new URLSearchParams(given)}`}`, {});
    },
    post: (path, body) =>
      ask(base, path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-turnpike-actor": nameOfUser() },
        body: JSON.stringify(body),
      }),
  };
}

async function ask<T>(base: string, path: string, init: RequestInit): Promise<T> {
  const answer = await fetch(`${base}${path}`, {
    ...init,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new Error(`no answer from ${base}: is the timeline app running there (--url)?`, { cause });
  });
  const said: unknown = await answer.json().catch(() => ({}));
  if (answer.ok) return said as T;
  const { code, detail } = said as { code?: string; detail?: string };
  throw new Error(`${base} answered ${answer.status} ${code ?? ""}: ${detail ?? ""}`);
}

/**
 * The name of whoever runs the command, for the audit log. A header holds ASCII only. A user id without a name has none in some
 * containers.
 */
export function nameOfUser(): string {
  try {
    return encodeURIComponent(userInfo().username);
  } catch {
    return `uid-${process.getuid?.() ?? "unknown"}`;
  }
}
