import type { IncomingMessage } from "node:http";
import { AppError } from "@turnpike/domain/errors";
import type { Context } from "hono";
import type { HttpEnv } from "./http-env.ts";

/**
 * Receive a request's body chunk by chunk, from the socket where there is one: a web stream in between costs more than a body of
 * usual size is worth. What `onChunk` throws refuses the rest, which is left to the server.
 * @throws what `onChunk` throws; AppError `invalid_envelope` when the client went away.
 */
export async function receiveChunks(
  c: Context<HttpEnv>,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const incoming: IncomingMessage | undefined = c.env?.incoming;
  if (incoming === undefined || incoming.readableDidRead) {
    for await (const chunk of readChunks(c.req.raw)) onChunk(chunk);
  } else {
    await receiveFromSocket(incoming, onChunk);
  }
}

/**
 * Read a request's body chunk by chunk, as fast as it is asked for.
 * @throws AppError `invalid_envelope` when the client went away.
 */
export async function* readChunks(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const reader = request.body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw endedEarly(error);
      });
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: a refusal must not wait for a client that sends slowly.
    reader.cancel().catch(() => undefined);
  }
}

function receiveFromSocket(incoming: IncomingMessage, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      incoming.off("data", onData);
      incoming.off("end", onEnd);
      incoming.off("error", onError);
      incoming.off("close", onClose);
      // A late failure of a request that was refused is nobody's.
      incoming.on("error", () => {});
      settle();
    };
    const onData = (chunk: Uint8Array): void => {
      try {
        onChunk(chunk);
      } catch (error) {
        incoming.pause();
        finish(() => reject(error));
      }
    };
    const onEnd = (): void => finish(resolve);
    const onError = (error: Error): void => finish(() => reject(endedEarly(error)));
    const onClose = (): void => finish(() => reject(endedEarly(new Error("the client went away"))));
    incoming.on("data", onData);
    incoming.once("end", onEnd);
    incoming.once("error", onError);
    incoming.once("close", onClose);
    if (incoming.destroyed) onClose();
  });
}

function endedEarly(cause: unknown): AppError {
  return new AppError("invalid_envelope", "invalid envelope: the body ended early", { cause });
}
