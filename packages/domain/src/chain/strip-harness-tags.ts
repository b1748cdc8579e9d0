/**
 * Harness tags: what an agent program adds to a text on its own, which must not change the hash of what was said.
 * Runs in linear time on any input: every character of a text is copied and searched a bounded number of times per tag.
 */

/** The tags in the order in which they are stripped; the order is part of the hash. */
export const harnessTags = [
  "system-reminder",
  "command-name",
  "command-message",
  "command-args",
  "local-command-stdout",
  "local-command-stderr",
  "local-command-caveat",
  "session",
  "conversation",
  "new-diagnostics",
  "task-notification",
  "status",
  "summary",
  "transcript",
  "event",
  "tool-use-id",
  "output-file",
  "task-id",
  "environment_context",
] as const;

const ANY_OPENING_TAG = new RegExp(`<(?:${harnessTags.join("|")})>`);

/**
 * Cut every harness tag out of a text: from `<tag>` to the first `</tag>` after it, or to the end of the text, again
 * and again for one tag and then for the next. A cut may join two halves of a tag, which is then cut too.
 */
export function stripHarnessTags(text: string): string {
  // Without a whole opening tag nothing is cut, so no halves are joined either.
  if (!text.includes("<") || !ANY_OPENING_TAG.test(text)) return text;
  let stripped = text;
  for (const tag of harnessTags) stripped = stripTag(stripped, `<${tag}>`, `</${tag}>`);
  return stripped;
}

interface Span {
  readonly start: number;
  end: number;
}

function stripTag(text: string, opening: string, closing: string): string {
  let next = text.indexOf(opening);
  if (next === -1) return text;
  const kept: Span[] = [];
  let position = 0;
  for (;;) {
    const joined = dropJoinedHalf(text, kept, position, opening);
    if (joined > 0) {
      position += joined;
    } else {
      if (next < position) next = text.indexOf(opening, position);
      const end = next === -1 ? text.length : next;
      if (end > position) kept.push({ start: position, end });
      if (next === -1) break;
      position = next + opening.length;
    }
    // A tag holds one `<`, so a closing one never spans a junction and is found in the original text.
    const close = text.indexOf(closing, position);
    if (close === -1) break;
    position = close + closing.length;
  }
  return kept.map(({ start, end }) => text.slice(start, end)).join("");
}

/**
 * When the end of what is kept and the text from `position` on form an opening tag, drop its half from what is kept;
 * returns how many characters of the tag lie at `position`, 0 when there is none.
 */
function dropJoinedHalf(text: string, kept: Span[], position: number, opening: string): number {
  const reach = opening.length - 1;
  let tail = "";
  for (let index = kept.length - 1; index >= 0 && tail.length < reach; index--) {
    const { start, end } = kept[index] as Span;
    tail = text.slice(Math.max(start, end - (reach - tail.length)), end) + tail;
  }
  const at = `${tail}${text.slice(position, position + reach)}`.indexOf(opening);
  if (at === -1) return 0;
  const half = tail.length - at;
  dropLast(kept, half);
  return opening.length - half;
}

function dropLast(kept: Span[], count: number): void {
  let left = count;
  for (let last = kept.at(-1); last !== undefined && left > 0; last = kept.at(-1)) {
    const length = last.end - last.start;
    if (length > left) {
      last.end -= left;
      return;
    }
    kept.pop();
    left -= length;
  }
}
