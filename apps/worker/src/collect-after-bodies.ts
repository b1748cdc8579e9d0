import { createGarbageCollector } from "@turnpike/kit/process/collect-garbage";

// A body leaves several times its size; smaller ones go with the heap's own collections.
const LARGE_BODY_BYTES = 1_048_576;
const COLLECT_AFTER_BYTES = 16 * LARGE_BODY_BYTES;

/** Make what is told of each body that was stored, and collects garbage when large ones have left enough of it. */
export function createBodyCollector(): (bytes: number) => void {
  const collectGarbage = createGarbageCollector();
  let doneBytes = 0;
  return (bytes) => {
    if (bytes < LARGE_BODY_BYTES) return;
    doneBytes += bytes;
    if (doneBytes < COLLECT_AFTER_BYTES) return;
    doneBytes = 0;
    collectGarbage();
  };
}
