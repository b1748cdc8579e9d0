import type { IncomingMessage } from "node:http";
import { AppError } from "@turnpike/domain/errors";
import type { Context } from "hono";
import type { HttpEnv } from "../http/http-env.ts";

/**
 * Receive a request's body chunk by chunk, from the socket where there is one: a web stream in between costs more than a body of
 * usual size is worth. What `onChunk` throws refuses the rest, which is left to the server, and so does the signal.
 * @throws what `onChunk` throws; the signal's reason; AppError `invalid_envelope` when the client went away.
 */
export async function receiveChunks(
  c: Context<HttpEnv>,
  onChunk: (chunk: Uint8Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const incoming: IncomingMessage | undefined = c.env?.incoming;
  if (incoming === undefined || incoming.readableDidRead) {
    for await (const chunk of readChunks(c.req.raw, signal)) onChunk(chunk);
  } else {
    await receiveFromSocket(incoming, onChunk, signal);
  }
}

/**
 * Read a request's body chunk by chunk, as fast as it is asked for.
 * @throws the signal's reason; AppError `invalid_envelope` when the client went away.
 */
async function* readChunks(request: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const reader = request.body.getReader();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  // It may come while nothing is waited for.
  aborted.catch(() => undefined);
  try {
    while (true) {
      signal.throwIfAborted();
      const reading = reader.read().catch((error: unknown) => {
        throw endedEarly(error);
      });
      const { done, value } = await Promise.race([reading, aborted]);
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: a refusal must not wait for a client that sends slowly.
    reader.cancel().catch(() => undefined);
  }
}

function receiveFromSocket(
  incoming: IncomingMessage,
  onChunk: (chunk: Uint8Array) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      incoming.off("data", onData);
      incoming.off("end", onEnd);
      incoming.off("error", onError);
      incoming.off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      // A late failure of a request that was refused is nobody's.
      incoming.on("error", () => {});
      settle();
    };
    const refuse = (error: unknown): void => {
      incoming.pause();
      finish(() => reject(error));
    };
    const onData = (chunk: Uint8Array): void => {
      try {
        onChunk(chunk);
      } catch (error) {
        refuse(error);
      }
    };
    const onAbort = (): void => refuse(signal.reason);
    const onEnd = (): void => finish(resolve);
    const onError = (error: Error): void => finish(() => reject(endedEarly(error)));
    const onClose = (): void => finish(() => reject(endedEarly(new Error("the client went away"))));
    incoming.on("data", onData);
    incoming.once("end", onEnd);
    incoming.once("error", onError);
    incoming.once("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
    if (incoming.destroyed) onClose();
  });
}

function endedEarly(cause: unknown): AppError {
  return new AppError("invalid_envelope", "invalid envelope: the body ended early", { cause });
}
