/** Write text that does not compress. */
export function letters(length: number, seed: number): string {
  let state = seed;
  const next = (): string => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return String.fromCharCode(97 + ((state >> 16) % 26));
  };
  return Array.from({ length }, next).join("");
}
