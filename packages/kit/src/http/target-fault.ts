/**
 * Finds what a request's target must not have. It is looked at as it was received: what reads it as a URL takes dot segments and
 * encodings away, and a proxy that lets paths through by their text has then let through another one.
 */

const ORIGIN_OF_ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;
// Also with a parameter (`..;x`), which some servers take off before they resolve it.
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:(?:;|%3b)[^/]*)?(?:\/|$)/i;
const OTHER_SLASH = /\\|%2f|%5c/i;
// Letters, digits and `-._~` mean the same when they are encoded (RFC 3986, 2.3).
const NEEDLESSLY_ENCODED = /%(?:2[de]|3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\dae])/i;

/** Say what is wrong with a request's target, as it was received; undefined when nothing is. */
export function findTargetFault(target: string): string | undefined {
  if (target.includes("#")) return "the target has a fragment";
  const [path = ""] = target.replace(ORIGIN_OF_ABSOLUTE_FORM, "").split("?", 1);
  if (DOT_SEGMENT.test(path)) return "the path has a dot segment";
  if (OTHER_SLASH.test(path)) return "the path has a backslash or an encoded slash";
  if (NEEDLESSLY_ENCODED.test(path)) return "the path has an encoded letter, digit or one of -._~";
  return undefined;
}

/** The authority that a target in absolute form names; undefined for any other form. */
export function authorityOfTarget(target: string): string | undefined {
  return ORIGIN_OF_ABSOLUTE_FORM.exec(target)?.[0].replace(/^https?:\/\//i, "");
}
