/** Read a stream of events to its end, and return their numbers as they came. */
export async function readStreamed(url: string): Promise<number[]> {
  const answer = await fetch(url, { headers: { accept: "text/event-stream" } });
  const text = await answer.text();
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
}
