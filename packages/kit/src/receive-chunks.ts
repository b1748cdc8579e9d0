import type { IncomingMessage } from "node:http";
import type { Context } from "hono";
import type { HttpEnv } from "./http-env.ts";

/**
 * Receive a request's body chunk by chunk, from the socket where there is one: a web stream in between costs more than a body of
 * usual size is worth. What `onChunk` throws refuses the rest, which is left to the server.
 * @throws what `onChunk` throws; Error when the client went away.
 */
export function receiveChunks(c: Context<HttpEnv>, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  const incoming: IncomingMessage | undefined = c.env?.incoming;
  if (incoming === undefined || incoming.readableDidRead) return receiveFromStream(c.req.raw.body, onChunk);
  return receiveFromSocket(incoming, onChunk);
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
    const onError = (error: Error): void => finish(() => reject(error));
    const onClose = (): void => finish(() => reject(new Error("the client went away")));
    incoming.on("data", onData);
    incoming.once("end", onEnd);
    incoming.once("error", onError);
    incoming.once("close", onClose);
    if (incoming.destroyed) onClose();
  });
}

async function receiveFromStream(
  body: ReadableStream<Uint8Array> | null,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onChunk(value);
    }
  } finally {
    // Not awaited: a refusal must not wait for a client that sends slowly.
    reader.cancel().catch(() => undefined);
  }
}
