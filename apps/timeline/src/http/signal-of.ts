import type { HttpEnv } from "@turnpike/kit/http/http-env";
import type { Context } from "hono";

/**
 * A signal that aborts when a request's client is gone or the app stops. Not `AbortSignal.any`: it would keep every
 * request alive on the app's own signal for the life of the process. And not the request's own signal: asking for that makes
 * the server build a whole `Request`.
 */
export function signalOf(
  c: Context<HttpEnv>,
  stopSignal: AbortSignal | undefined,
): { readonly signal: AbortSignal; readonly abort: () => void; readonly release: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const { outgoing } = c.env ?? {};
  if (stopSignal?.aborted === true) abort();
  stopSignal?.addEventListener("abort", abort, { once: true });
  outgoing?.once("close", abort);
  return {
    signal: controller.signal,
    abort,
    release: () => {
      stopSignal?.removeEventListener("abort", abort);
      outgoing?.off("close", abort);
    },
  };
}
