import { normaliseWhitespace } from "../chain/normalise-whitespace.ts";
import { stripHarnessTags } from "../chain/strip-harness-tags.ts";

const MAX_PREVIEW_CODE_POINTS = 200;
const LAST_OF_ONE_UNIT = 0xffff;
// What is looked at for 200 code points once harness tags are out: a tag that is longer leaves an empty preview.
const LOOK_AHEAD_CHARS = 16_384;

/** Cut a text to at most 200 code points for a timeline, without the tags that harnesses wrap their own words in. */
export function previewOf(text: string): string {
  const shown = normaliseWhitespace(stripHarnessTags(beginningOf(text)));
  let end = 0;
  for (let count = 0; count < MAX_PREVIEW_CODE_POINTS && end < shown.length; count += 1)
    end += (shown.codePointAt(end) as number) > LAST_OF_ONE_UNIT ? 2 : 1;
  return shown.slice(0, end);
}

/** Not in the middle of a surrogate pair: half of one cannot be stored. */
function beginningOf(text: string): string {
  const beginning = text.slice(0, LOOK_AHEAD_CHARS);
  return beginning.length < text.length ? beginning.replace(/[\ud800-\udbff]$/, "") : beginning;
}
