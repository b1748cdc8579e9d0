const FIRST_BYTES = 64 * 1024;
// When so much has come, there is room for all that was announced at once: what grows by and by leaves its size again as garbage.
const TRUST_FROM_BYTES = 1024 * 1024;

/** What is known of a text before it comes. */
export interface CollectOptions {
  /** How many bytes are announced; it may turn out otherwise. */
  readonly expectedBytes?: number | undefined;
  /** Waited for when all has come and no text is made yet. */
  readonly beforeText?: () => Promise<void>;
}

/**
 * Gather chunks into one text (UTF-8; a malformed byte becomes U+FFFD). Chunks are copied as they come: a body that arrives byte
 * by byte would otherwise cost a hundred times its size in chunk objects.
 */
export async function collectText(
  source: AsyncIterable<Uint8Array>,
  { expectedBytes = 0, beforeText }: CollectOptions = {},
): Promise<string> {
  let gathered = Buffer.allocUnsafe(FIRST_BYTES);
  let usedBytes = 0;
  for await (const chunk of source) {
    const neededBytes = usedBytes + chunk.byteLength;
    if (neededBytes > gathered.byteLength) {
      const isTrusted = neededBytes >= TRUST_FROM_BYTES && neededBytes <= expectedBytes;
      const enough = isTrusted ? expectedBytes : Math.max(neededBytes, gathered.byteLength * 2);
      const grown = Buffer.allocUnsafe(enough);
      gathered.copy(grown, 0, 0, usedBytes);
      gathered = grown;
    }
    gathered.set(chunk, usedBytes);
    usedBytes = neededBytes;
  }
  await beforeText?.();
  return new TextDecoder().decode(gathered.subarray(0, usedBytes));
}
