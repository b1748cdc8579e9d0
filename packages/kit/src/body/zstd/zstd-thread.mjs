/**
 * What a thread of `zstd-inflater.ts` runs: one answer per message, in their order. It is JavaScript, and imports none of our own
 * files, because nothing compiles TypeScript in a thread.
 */
import { parentPort } from "node:worker_threads";
import { Decompress } from "fzstd";

let inflater;
let inflated = [];

parentPort.on("message", ({ bytes, startsFrame, endsFrame }) => {
  inflated = [];
  try {
    if (startsFrame) inflater = new Decompress((chunk) => inflated.push(chunk));
    inflater.push(bytes, endsFrame);
    const buffers = inflated.map((chunk) => chunk.buffer);
    parentPort.postMessage({ inflated }, buffers);
  } catch (error) {
    parentPort.postMessage({ error: String(error.message) });
  }
});

parentPort.postMessage("ready");
