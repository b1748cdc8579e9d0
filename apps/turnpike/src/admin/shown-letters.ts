import type { Column } from "./print-rows.ts";

/** What a list shows of a dead letter. */
export interface ShownLetter {
  readonly orgId: string;
  readonly receipt: string;
  readonly state: string;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  readonly lastFailedAt: string;
}

const REASON_CHARS = 60;

/** The columns of a list of dead letters. */
export const shownLetters: readonly Column<ShownLetter>[] = [
  { head: "receipt", cell: ({ receipt }) => receipt },
  { head: "org", cell: ({ orgId }) => orgId },
  { head: "state", cell: ({ state }) => state },
  { head: "code", cell: ({ code }) => code },
  { head: "reason", cell: ({ reason }) => cut(reason) },
  { head: "attempts", align: "right", cell: ({ attempts }) => attempts },
  { head: "last failed", cell: ({ lastFailedAt }) => `${lastFailedAt.slice(0, 19)}Z` },
];

function cut(text: string): string {
  return text.length <= REASON_CHARS ? text : `${text.slice(0, REASON_CHARS - 1)}…`;
}
