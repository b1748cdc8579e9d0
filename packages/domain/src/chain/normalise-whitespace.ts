/**
 * White space that a harness, an editor or a terminal changes without meaning to, which must not change the hash.
 * Runs in linear time on any input, which the obvious regular expression does not: `[ \t]+\n` is quadratic in a run of
 * blanks (8 s for 100,000 of them, Node 20, 2026-11). A text in which nothing changes is not copied.
 */

const CARRIAGE_RETURN = 13;
const TAB = 9;
const SPACE = 32;

// Pieces are joined by this many at a time: short lines would otherwise cost many times their length in memory.
const PIECES_PER_JOIN = 4_096;

/**
 * Normalise the white space of a text: CR LF becomes LF, blanks before LF go, runs of LF become one, and both ends are
 * trimmed of white space in the sense of Unicode (not of `String.trim`, which differs in U+FEFF and U+0085).
 */
export function normaliseWhitespace(text: string): string {
  return trimSpace(normaliseLineEnds(text));
}

function normaliseLineEnds(text: string): string {
  const joined: string[] = [];
  let pieces: string[] = [];
  let copied = 0;
  let lineStart = 0;
  for (let feed = text.indexOf("\n"); feed !== -1; feed = text.indexOf("\n", lineStart)) {
    const lineEnd = findLineEnd(text, lineStart, feed);
    // An empty line loses its LF too. A leading one would be trimmed anyway.
    const resume = lineEnd === lineStart ? feed + 1 : feed;
    if (lineEnd !== resume) {
      if (lineEnd > copied) pieces.push(text.slice(copied, lineEnd));
      copied = resume;
      if (pieces.length === PIECES_PER_JOIN) {
        joined.push(pieces.join(""));
        pieces = [];
      }
    }
    lineStart = feed + 1;
  }
  if (copied === 0) return text;
  return joined.join("") + pieces.join("") + text.slice(copied);
}

function findLineEnd(text: string, start: number, feed: number): number {
  let end = feed;
  if (end > start && text.charCodeAt(end - 1) === CARRIAGE_RETURN) end--;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return end;
}

function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB;

function isSpace(code: number): boolean {
  if (code <= SPACE) return code === SPACE || (code >= TAB && code <= CARRIAGE_RETURN);
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}
