import { normaliseWhitespace } from "./normalise-whitespace.ts";
import { stripHarnessTags } from "./strip-harness-tags.ts";

const MAX_PREVIEW_CODE_POINTS = 200;
// What is looked at for 200 code points once harness tags are out: a tag that is longer leaves an empty preview.
const LOOK_AHEAD_CHARS = 16_384;

/** Cut a text to at most 200 code points for a timeline, without the tags that harnesses wrap their own words in. */
export function previewOf(text: string): string {
  const shown = normaliseWhitespace(stripHarnessTags(beginningOf(text)));
  // At most two UTF-16 units a code point: the slice keeps a long text from being spread into an array.
  return Array.from(shown.slice(0, 2 * MAX_PREVIEW_CODE_POINTS))
    .slice(0, MAX_PREVIEW_CODE_POINTS)
    .join("");
}

/** Not in the middle of a surrogate pair: half of one cannot be stored. */
function beginningOf(text: string): string {
  const beginning = text.slice(0, LOOK_AHEAD_CHARS);
  return beginning.length < text.length ? beginning.replace(/[\ud800-\udbff]$/, "") : beginning;
}
