/**
 * Gives each event of an older log an id that is the same whenever its file is imported: a hash of its content, and, of
 * events with the same content, which one it is. Two passes over the file: the first finds which contents may repeat, in
 * memory of a fixed size, so that only those need to be counted in the second.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "@turnpike/domain/chain/canonical-json";
import type { LegacyEvent } from "./parse-legacy-line.ts";

// 64 MiB: of ten million distinct events about one in a thousand is taken for a repeated one, which costs some memory
// and nothing else.
const FILTER_BITS = 2 ** 29;

/** Gives out ids, in the order of the file. */
export interface EventIds {
  /** First pass: take note of an event. */
  note(event: LegacyEvent): void;
  /** Second pass: the event's id. */
  next(event: LegacyEvent): string;
}

/** Make it for one import of one file. */
export function createEventIds(filterBits: number = FILTER_BITS): EventIds {
  const filter = new Uint8Array(filterBits / 8);
  const occurrences = new Map<string, number>();

  /** Set a bit; whether it was set before. */
  const mark = (place: number): boolean => {
    const bit = place % filterBits;
    const byte = Math.floor(bit / 8);
    const mask = 1 << (bit % 8);
    const before = ((filter[byte] ?? 0) & mask) !== 0;
    filter[byte] = (filter[byte] ?? 0) | mask;
    return before;
  };

  return {
    note(event) {
      const hash = hashOf(event);
      const seen = [mark(hash.readUInt32LE(0)), mark(hash.readUInt32LE(4))];
      if (seen.every(Boolean)) occurrences.set(hash.toString("hex"), 0);
    },
    next(event) {
      const hash = hashOf(event).toString("hex");
      const before = occurrences.get(hash);
      if (before === undefined) return `import:${hash}:1`;
      occurrences.set(hash, before + 1);
      return `import:${hash}:${before + 1}`;
    },
  };
}

function hashOf({ sessionId, eventType, occurredAt, metadata }: LegacyEvent): Buffer {
  const hash = createHash("sha256").update(canonicalJson([sessionId, eventType, occurredAt]));
  return hash.update(canonicalJson(metadata)).digest();
}
