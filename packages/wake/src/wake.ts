/**
 * Wake-ups: word, after a commit, that a session has new events. They carry no events and may be lost, doubled or late:
 * whoever waits asks the store, now and then also without being told.
 */
import { z } from "zod";

/** Word that a session's events now reach up to a number. Whoever may publish can claim any number: it is to be looked up. */
export const Wake = z.object({ orgId: z.uuid(), sessionId: z.uuid(), latestSequence: z.int().positive() });

/** Word that a session's events now reach up to a number. */
export type Wake = z.infer<typeof Wake>;

/** Where wake-ups travel: on Redis when there is a URL of one, else through the database. */
export interface WakeLocation {
  readonly redisUrl?: string | undefined;
  readonly databaseUrl: string;
  /** Namespace of the channel. */
  readonly prefix: string;
}

/** The channel's name; also a Postgres identifier. */
export function channelOf(prefix: string): string {
  return `${prefix}_wake`.replaceAll(/[^\w]/g, "_");
}

/** Write wake-ups as messages, each short enough for NOTIFY (8,000 bytes). */
export function writeMessages(wakes: readonly Wake[]): string[] {
  const messages: string[] = [];
  for (let start = 0; start < wakes.length; start += WAKES_PER_MESSAGE) {
    messages.push(JSON.stringify(wakes.slice(start, start + WAKES_PER_MESSAGE)));
  }
  return messages;
}

// A wake-up takes at most 140 bytes.
const WAKES_PER_MESSAGE = 50;

// None of ours is longer: it would not be read for what it says, but for what it costs.
const MAX_MESSAGE_CHARS = 8_000;

const Message = z.array(Wake);

/** Read a message; empty when it is none of ours. */
export function readMessage(text: string): Wake[] {
  if (text.length > MAX_MESSAGE_CHARS) return [];
  try {
    const parsed = Message.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : [];
  } catch {
    return [];
  }
}
