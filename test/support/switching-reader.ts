/** A reader with a bad connection: it is cut off at random, and comes back each time by another way than before. */

/** A way to read a timeline. */
export type ReadingWay = "page" | "poll" | "stream";

/** An event as far as a reader of order cares. */
export interface ReadEvent {
  readonly sequence: number;
  readonly id: string;
}

/** What a reader went through. */
export interface Reading {
  readonly events: readonly ReadEvent[];
  readonly cuts: number;
  readonly byWay: Readonly<Record<ReadingWay, number>>;
}

const LONGEST_TRY_MS = 100;

/**
 * Read a timeline from its start, until `isEnough` says so and the last page is empty.
 * @param random from 0 to 1, seeded.
 */
export async function readSwitching(
  url: string,
  random: () => number,
  isEnough: (cuts: number) => boolean,
): Promise<Reading> {
  const events: ReadEvent[] = [];
  const byWay: Record<ReadingWay, number> = { page: 0, poll: 0, stream: 0 };
  const ways = Object.keys(byWay) as ReadingWay[];
  let cuts = 0;
  for (;;) {
    const way = ways[Math.floor(random() * ways.length)] as ReadingWay;
    const after = events.at(-1)?.sequence ?? 0;
    const cut = AbortSignal.timeout(1 + Math.floor(random() * LONGEST_TRY_MS));
    const before = events.length;
    try {
      if (way === "stream") await readStream(url, after, cut, (event) => events.push(event));
      else events.push(...(await readPage(url, after, way, 1 + Math.floor(random() * 30), cut)));
    } catch (error) {
      if (!cut.aborted) throw error;
      cuts += 1;
    }
    byWay[way] += events.length - before;
    if (!isEnough(cuts)) continue;
    const rest = await readPage(url, events.at(-1)?.sequence ?? 0, "page", 1_000, undefined);
    if (rest.length === 0) return { events, cuts, byWay };
    events.push(...rest);
  }
}

async function readPage(
  url: string,
  after: number,
  way: "page" | "poll",
  limit: number,
  signal: AbortSignal | undefined,
): Promise<ReadEvent[]> {
  const wait = way === "poll" ? "&wait_timeout_ms=2000" : "";
  const answer = await fetch(
    `${url}&after=${after}&limit=${limit}${wait}`,
    signal === undefined ? {} : { signal },
  );
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  const page = (await answer.json()) as { events: ReadEvent[] };
  return page.events;
}

/** A message counts only once it has come whole, as in a browser. */
async function readStream(
  url: string,
  after: number,
  signal: AbortSignal,
  onEvent: (event: ReadEvent) => void,
): Promise<void> {
  const answer = await fetch(url, {
    headers: { accept: "text/event-stream", "last-event-id": String(after) },
    signal,
  });
  let text = "";
  for await (const chunk of (answer.body as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream(),
  )) {
    text += chunk;
    const messages = text.split("\n\n");
    text = messages.pop() ?? "";
    for (const message of messages) {
      const data = message.split("\n").find((line) => line.startsWith("data: "));
      if (data !== undefined) onEvent(JSON.parse(data.slice("data: ".length)) as ReadEvent);
    }
  }
}
