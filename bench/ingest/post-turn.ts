/** Post one turn. @throws Error unless it is accepted. */
export async function postTurn(ingestUrl: string, body: string): Promise<void> {
  const answer = await fetch(`${ingestUrl}/v1/ingest`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  await answer.arrayBuffer();
  if (answer.status !== 202) throw new Error(`a turn was answered with ${answer.status}`);
}
