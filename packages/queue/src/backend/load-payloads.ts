import type { ReadPayload } from "../job/payload.ts";

interface Call {
  readonly jobId: string;
  readonly settle: (payload: Promise<Uint8Array | undefined>) => void;
}

/** Let payloads that are asked for in the same moment be read together. */
export function createPayloadReader(
  readMany: (jobIds: readonly string[]) => Promise<readonly (Uint8Array | undefined)[]>,
): ReadPayload {
  let waiting: Call[] = [];

  const readAll = (): void => {
    const calls = waiting;
    waiting = [];
    const read = readMany(calls.map(({ jobId }) => jobId));
    calls.forEach(({ settle }, index) => settle(read.then((payloads) => payloads[index])));
  };
  return (jobId) =>
    new Promise((resolve) => {
      waiting.push({ jobId, settle: resolve });
      if (waiting.length === 1) setImmediate(readAll);
    });
}
