import type { OpenQueue } from "../backend/queue-client.ts";
import type { Register } from "../backend/ledger.ts";

/** Acts on one open shard; rejects when it is away. */
export type UseShard = <T>(act: (open: Pick<OpenQueue, "backend" | "register">) => Promise<T>) => Promise<T>;

/** Count the turns that a queue has ever accepted, in all of its shards. It costs time with the number of jobs. */
export async function countAccepted(shards: readonly UseShard[]): Promise<number> {
  const counts = await Promise.all(shards.map((use) => use(({ register }) => countOf(register))));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function countOf(register: Register): Promise<number> {
  const { acceptedByOrg } = await register.snapshot();
  return [...acceptedByOrg.values()].reduce((sum, count) => sum + count, 0);
}
