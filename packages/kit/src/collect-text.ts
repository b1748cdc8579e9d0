const FIRST_BYTES = 64 * 1024;

/**
 * Gather chunks into one text (UTF-8; a malformed byte becomes U+FFFD). Chunks are copied as they come: a body that arrives byte
 * by byte would otherwise cost a hundred times its size in chunk objects.
 */
export async function collectText(source: AsyncIterable<Uint8Array>): Promise<string> {
  let gathered = Buffer.allocUnsafe(FIRST_BYTES);
  let usedBytes = 0;
  for await (const chunk of source) {
    const neededBytes = usedBytes + chunk.byteLength;
    if (neededBytes > gathered.byteLength) {
      const grown = Buffer.allocUnsafe(Math.max(neededBytes, gathered.byteLength * 2));
      gathered.copy(grown, 0, 0, usedBytes);
      gathered = grown;
    }
    gathered.set(chunk, usedBytes);
    usedBytes = neededBytes;
  }
  return new TextDecoder().decode(gathered.subarray(0, usedBytes));
}
