import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { INGEST_QUEUE } from "../../job/payload.ts";
import { isParcelId } from "../../job/job-batch.ts";
import { createPayloadReader } from "../load-payloads.ts";
import { ADOPT, FIND_GONE, RELEASE, SNAPSHOT, UNLOCK } from "./scripts.ts";
import type { QueueSnapshot, QueueStates, Register, RegisteredLoad, SweepResult } from "../ledger.ts";

// What one script works through while everybody else waits for it: well below a millisecond.
const STEP_IDS = 200;
// A worker takes off what it has worked off within a twentieth of a second and a round trip, when it is not very busy. What is found
// at every look was left; at a single one there may also be a turn that was put in again meanwhile, and is on its way out once more.
const LOOK_AGAIN_MS = 500;
const LOOKS = 10;
// A sweeper that died is succeeded after this.
const SWEEP_LOCK_MS = 60_000;

/** The keys of the register, as the scripts take them; they begin like BullMQ's own, so that a hash tag holds for all. */
export function registerKeys(prefix: string): readonly string[] {
  const own = `${prefix}:${INGEST_QUEUE}-register`;
  const bullmq = `${prefix}:${INGEST_QUEUE}:`;
  return [
    ...["accepted", "jobs", "ages", "load", "payloads"].map((name) => `${own}:${name}`),
    bullmq,
    ...["wait", "paused", "prioritized", "active", "delayed", "failed"].map((name) => `${bullmq}${name}`),
  ];
}

/** Where it is kept how full the queue is. */
export function loadKey(prefix: string): string {
  return `${prefix}:${INGEST_QUEUE}-register:load`;
}

/** Where payloads lie: one hash, job id → bytes. */
export function payloadsKey(prefix: string): string {
  return `${prefix}:${INGEST_QUEUE}-register:payloads`;
}

/** Make the register of a queue on Redis. */
export function createRedisRegister(redis: Redis, prefix: string): Register {
  const keys = registerKeys(prefix);
  const own = (name: string): string => `${prefix}:${INGEST_QUEUE}-register:${name}`;
  const bullmq = (name: string): string => `${prefix}:${INGEST_QUEUE}:${name}`;
  const run = (script: string, args: readonly string[]): Promise<unknown> =>
    redis.eval(script, keys.length, ...keys, ...args);

  const releaseAll = async (jobIds: readonly string[]): Promise<readonly [number, number]> => {
    let [released, orphans] = [0, 0];
    for (const ids of inSteps(jobIds)) {
      const [some, lone] = (await run(RELEASE, ids)) as [number, number];
      released += some;
      orphans += lone;
    }
    return [released, orphans];
  };
  const adopt = async (jobIds: readonly string[]): Promise<number> => {
    let adopted = 0;
    for (const ids of inSteps(jobIds)) adopted += (await run(ADOPT, ids)) as number;
    return adopted;
  };

  const findGone = async (jobIds: Iterable<string>): Promise<Set<string>> => {
    const gone = new Set<string>();
    for (const ids of inSteps([...jobIds]))
      for (const id of (await run(FIND_GONE, ids)) as string[]) gone.add(id);
    return gone;
  };
  /** Those that nobody takes off, though there is time for it. */
  const findLeft = async (gone: ReadonlySet<string>): Promise<string[]> => {
    let left = gone;
    for (let looks = 0; looks < LOOKS && left.size > 0; looks += 1) {
      await delay(LOOK_AGAIN_MS, undefined, { ref: false });
      left = await findGone(left);
    }
    return [...left];
  };

  const sweepEntries = async (): Promise<Omit<SweepResult, "ran" | "adopted">> => {
    let checked = 0;
    const gone = new Set<string>();
    const check = async (ids: readonly string[]): Promise<void> => {
      checked += ids.length;
      for (const id of await findGone(ids)) gone.add(id);
    };
    let cursor = "0";
    do {
      const [next, fields] = await redis.hscan(own("jobs"), cursor, "COUNT", STEP_IDS);
      cursor = next;
      await check(fields.filter((_field, index) => index % 2 === 0));
    } while (cursor !== "0");
    // They come and go with their entries; more of them than entries are more than there should be.
    const [entries, payloads] = (await all(redis.pipeline().hlen(own("jobs")).hlen(own("payloads")))) as [
      number,
      number,
    ];
    if (payloads > entries) await check(await redis.hkeys(own("payloads")));
    const [released, orphanPayloads] = await releaseAll(await findLeft(gone));
    return { checked, released, orphanPayloads };
  };

  /** Only when the queue holds more jobs than are entered: never, unless an older version adds some. */
  const sweepJobs = async (): Promise<number> => {
    const counts = await all(
      redis
        .pipeline()
        .hlen(own("jobs"))
        .llen(bullmq("wait"))
        .llen(bullmq("paused"))
        .llen(bullmq("active"))
        .zcard(bullmq("prioritized"))
        .zcard(bullmq("delayed"))
        .zcard(bullmq("failed")),
    );
    const [entered = 0, ...inQueue] = counts as number[];
    if (inQueue.reduce((sum, count) => sum + count, 0) <= entered) return 0;
    return adopt((await readSnapshot()).jobIds);
  };

  const readSnapshot = async (): Promise<QueueSnapshot> => {
    const [accepted = [], failedIds = [], ...ids] = (await run(SNAPSHOT, [])) as string[][];
    const counts = pairs(accepted);
    return {
      acceptedByOrg: new Map(counts.map(([orgId, count]) => [orgId, Number(count)])),
      // The turns of a parcel are in the register one by one, from the moment when it is in the queue.
      jobIds: [...new Set(ids.flat())].filter((id) => !isParcelId(id)),
      failedIds,
    };
  };

  return {
    readPayload: createPayloadReader(async (jobIds) => {
      const payloads = await redis.hmgetBuffer(own("payloads"), ...jobIds);
      return payloads.map((payload) => payload ?? undefined);
    }),
    async findCarrier(jobId) {
      const entry = await redis.hget(own("jobs"), jobId);
      return entry?.split(" ")[1];
    },
    async listCarried(parcelId) {
      const carried: string[] = [];
      let cursor = "0";
      do {
        const [next, fields] = await redis.hscan(own("jobs"), cursor, "COUNT", STEP_IDS);
        cursor = next;
        for (const [id, entry] of pairs(fields)) if (entry.split(" ")[1] === parcelId) carried.push(id);
      } while (cursor !== "0");
      return [...new Set(carried)];
    },
    async release(jobIds) {
      return (await releaseAll(jobIds))[0];
    },
    adopt,
    async sweep() {
      const holder = randomUUID();
      const locked = await redis.set(own("sweeping"), holder, "PX", SWEEP_LOCK_MS, "NX");
      if (locked === null) return { ran: false, checked: 0, released: 0, orphanPayloads: 0, adopted: 0 };
      try {
        return { ran: true, ...(await sweepEntries()), adopted: await sweepJobs() };
      } finally {
        await redis.eval(UNLOCK, 1, own("sweeping"), holder).catch(() => {});
      }
    },
    async load() {
      const [load, info] = await all(redis.pipeline().hgetall(own("load")).info("memory"));
      return readLoad(load as Record<string, string>, info as string);
    },
    async states(): Promise<QueueStates> {
      const [waiting, paused, active, prioritized, delayed, failed, oldest] = (await all(
        redis
          .pipeline()
          .llen(bullmq("wait"))
          .llen(bullmq("paused"))
          .llen(bullmq("active"))
          .zcard(bullmq("prioritized"))
          .zcard(bullmq("delayed"))
          .zcard(bullmq("failed"))
          .zrange(own("ages"), "0", "0", "WITHSCORES"),
      )) as [number, number, number, number, number, number, string[]];
      const oldestMs = oldest[1];
      return {
        states: { waiting, paused, active, prioritized, delayed, failed },
        oldestAcceptedAt: oldestMs === undefined ? undefined : new Date(Number(oldestMs)).toISOString(),
      };
    },
    snapshot: readSnapshot,
  };
}

function readLoad(load: Readonly<Record<string, string>>, info: string): RegisteredLoad {
  const byOrg = new Map<string, { jobs: number; bytes: number }>();
  for (const [field, jobs] of Object.entries(load)) {
    if (!field.startsWith("jobs:")) continue;
    const orgId = field.slice("jobs:".length);
    byOrg.set(orgId, { jobs: Number(jobs), bytes: Number(load[`bytes:${orgId}`] ?? 0) });
  }
  const maxBytes = numberOf(info, "maxmemory");
  return {
    jobs: Number(load["jobs"] ?? 0),
    bytes: Number(load["bytes"] ?? 0),
    byOrg,
    memory: maxBytes === 0 ? undefined : { usedBytes: numberOf(info, "used_memory"), maxBytes },
  };
}

/** What Redis answers for a hash: names and values in turn. */
function pairs(flat: readonly string[]): [name: string, value: string][] {
  return flat.flatMap((name, index) =>
    index % 2 === 0 ? [[name, flat[index + 1] ?? ""] satisfies [string, string]] : [],
  );
}

function numberOf(info: string, field: string): number {
  return Number(new RegExp(`^${field}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
}

/** @throws the first error among the results of a pipeline. */
async function all(commands: { exec(): Promise<[error: Error | null, result: unknown][] | null> }) {
  const results = (await commands.exec()) ?? [];
  for (const [error] of results) if (error !== null) throw error;
  return results.map(([, result]) => result);
}

function* inSteps(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += STEP_IDS) yield ids.slice(at, at + STEP_IDS);
}
