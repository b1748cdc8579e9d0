/** Reads payloads of a queue in Postgres, and puts together again what lies in a list that several of them share. */
import type { Pool } from "pg";
import { type BodyEncoding, decodePiece } from "../../job/body-codec.ts";
import { INGEST_QUEUE, type ReadPayload } from "../../job/payload.ts";
import { createPartMemory, type PartMemory } from "./prefix-cache.ts";
import { createPayloadReader } from "../load-payloads.ts";

const READ_PAYLOADS = {
  name: "read-payloads",
  text: `SELECT job_id, body, list_id, last_part, list_at, encoding FROM turnpike_queue.payloads
          WHERE queue = $1 AND job_id = ANY ($2)`,
};

const READ_PARTS = {
  name: "read-list-parts",
  text: `SELECT p.list_id, p.body, p.encoding
           FROM unnest($1::uuid[], $2::int[]) AS n (list_id, first) JOIN turnpike_queue.list_parts p USING (list_id)
          WHERE p.part >= n.first
          ORDER BY p.list_id, p.part`,
};

interface Row {
  readonly job_id: string;
  readonly body: Buffer;
  readonly list_id: string | null;
  readonly last_part: number;
  readonly list_at: number;
  readonly encoding: BodyEncoding;
}

interface PartRow {
  readonly list_id: string;
  readonly body: Buffer;
  readonly encoding: BodyEncoding;
}

/** Make a reader that keeps the lists that it read lately. */
export function createPostgresPayloads(pool: Pool): ReadPayload {
  const memory = createPartMemory();
  return createPayloadReader(async (jobIds) => {
    const { rows } = await pool.query<Row>({ ...READ_PAYLOADS, values: [INGEST_QUEUE, jobIds] });
    const lists = await readLists(pool, memory, rows);
    const bodies = new Map<string, Buffer | undefined>();
    for (const row of rows) bodies.set(row.job_id, await join(row, lists));
    return jobIds.map((jobId) => bodies.get(jobId));
  });
}

type Lists = ReadonlyMap<string, readonly Buffer[]>;

async function readLists(pool: Pool, memory: PartMemory, rows: readonly Row[]): Promise<Lists> {
  const lastParts = new Map<string, number>();
  for (const { list_id: id, last_part: last } of rows)
    if (id !== null) lastParts.set(id, Math.max(last, lastParts.get(id) ?? 0));
  const lists = new Map([...lastParts.keys()].map((id) => [id, memory.get(id)]));
  const behind = [...lists].filter(([id, parts]) => parts.length <= (lastParts.get(id) ?? 0));
  if (behind.length === 0) return lists;
  const firsts = behind.map(([, { length }]) => length);
  const { rows: partRows } = await pool.query<PartRow>({
    ...READ_PARTS,
    values: [behind.map(([id]) => id), firsts],
  });
  const read = new Map(behind.map(([id, parts]) => [id, [...parts]]));
  const broken = new Set<string>();
  for (const { list_id: id, body, encoding } of partRows) {
    const part = await decodePiece({ encoding, payload: body });
    if (part === undefined) broken.add(id);
    else if (!broken.has(id)) read.get(id)?.push(part);
  }
  for (const [id, parts] of read) memory.put(id, parts);
  return new Map([...lists, ...read]);
}

/** Undefined when a part is missing or broken, which only somebody can have done. */
async function join(row: Row, lists: Lists): Promise<Buffer | undefined> {
  const { body, list_id: listId, last_part: lastPart, list_at: at, encoding } = row;
  if (listId === null) return body;
  const parts = lists.get(listId) ?? [];
  const rest = await decodePiece({ encoding, payload: body });
  if (parts.length <= lastPart || rest === undefined) return undefined;
  return Buffer.concat([rest.subarray(0, at), ...parts.slice(0, lastPart + 1), rest.subarray(at)]);
}
