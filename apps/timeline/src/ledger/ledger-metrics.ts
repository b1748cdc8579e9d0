import { setTimeout as sleep } from "node:timers/promises";
import { isAppError } from "@turnpike/domain/errors";
import { Gauge, type Registry } from "@turnpike/kit/process/metrics";
import type { QueueLoad } from "@turnpike/queue/inspector/queue-inspector";
import { type LedgerSources, readLedger } from "./read-ledger.ts";
import type { LedgerLine } from "./ledger.ts";

/** The ledger and the load cost the queue and the store something: scrapers that come more often get what is there. */
const MAX_AGE_MS = 15_000;

/** Scrapers give up after ten seconds; what comes later is there for the next one. */
const MAX_WAIT_MS = 3_000;

interface Reading {
  readonly atMs: number;
  readonly total: LedgerLine;
  readonly load: QueueLoad;
}

type Sources = LedgerSources & { readonly queue: { load(): Promise<QueueLoad>; check(): Promise<void> } };

/** What each gauge shows of a reading. */
const gauges: Readonly<Record<string, readonly [help: string, valueOf: (reading: Reading) => number]>> = {
  turnpike_ledger_difference: [
    "Accepted turns and posts of events that are not accounted for, over all orgs, without their signs.",
    ({ total }) => total.difference,
  ],
  turnpike_ledger_accepted: [
    "Turns and posts of events that were ever accepted.",
    ({ total }) => total.accepted,
  ],
  turnpike_ledger_failed: [
    "Turns and posts of events in the queue that it gave up without a dead letter.",
    ({ total }) => total.failed,
  ],
  turnpike_dead_letters: [
    "Dead letters that are neither stored since nor discarded; those that are being replayed are among them.",
    ({ total }) => total.deadLettered - total.discarded,
  ],
  turnpike_dead_letters_discarded: ["Dead letters that were discarded.", ({ total }) => total.discarded],
  turnpike_queue_jobs: ["Jobs in the queue, in whatever state.", ({ load }) => load.jobs],
  turnpike_queue_bytes: ["Bytes of the bodies in the queue and beside it.", ({ load }) => load.bytes],
  turnpike_queue_oldest_job_seconds: [
    "For how long the oldest job has been in the queue; 0 when it is empty.",
    ({ load, atMs }) =>
      load.oldestAcceptedAt === undefined
        ? 0
        : Math.max(0, (atMs - Date.parse(load.oldestAcceptedAt)) / 1_000),
  ],
};

/**
 * Register the gauges of the ledger and of the queue. They are read when somebody asks, at most every 15 seconds; when that
 * fails they keep their last values, and `turnpike_ledger_age_seconds` grows.
 */
export function addLedgerMetrics(registry: Registry, sources: Sources): void {
  const bornMs = Date.now();
  let latest: Reading | undefined;
  let reading: Promise<void> | undefined;
  let isMismatch = false;

  const read = async (): Promise<void> => {
    try {
      const [ledger, load] = await Promise.all([readLedger(sources), sources.queue.load()]);
      latest = { atMs: Date.now(), total: ledger.total, load };
    } catch {
      // The age tells; `/readyz` and the log of whoever is away say why.
    } finally {
      reading = undefined;
    }
  };
  const refresh = async (): Promise<void> => {
    if (latest !== undefined && Date.now() - latest.atMs < MAX_AGE_MS) return;
    reading ??= read();
    await atMost(reading);
  };

  const add = (gauge: ConstructorParameters<typeof Gauge<"state">>[0]): void =>
    registry.registerMetric(new Gauge({ ...gauge, registers: [] }));

  for (const [name, [help, valueOf]] of Object.entries(gauges)) {
    add({
      name,
      help,
      async collect() {
        await refresh();
        if (latest === undefined) this.set(Number.NaN);
        else this.set(valueOf(latest));
      },
    });
  }
  add({
    name: "turnpike_queue_state_jobs",
    help: "Jobs in the queue, by BullMQ's states; `failed` are those that were given up without a dead letter.",
    labelNames: ["state"],
    async collect() {
      await refresh();
      for (const [state, count] of Object.entries(latest?.load.states ?? {})) this.set({ state }, count);
    },
  });
  add({
    name: "turnpike_queue_mismatch",
    help: "1 when the queue is not the one of the database, or not with these settings; the ledger cannot be read then.",
    async collect() {
      const looked = sources.queue.check().then(
        () => false,
        (error: unknown) => isAppError(error) && error.isPublic,
      );
      isMismatch = (await atMost(looked)) ?? isMismatch;
      this.set(isMismatch ? 1 : 0);
    },
  });
  add({
    name: "turnpike_ledger_age_seconds",
    help: "For how long the ledger and the queue could not be read; small when all is well.",
    async collect() {
      await refresh();
      this.set((Date.now() - (latest?.atMs ?? bornMs)) / 1_000);
    },
  });
}

/** Undefined when it takes longer than a scraper waits. */
async function atMost<T>(asked: Promise<T>): Promise<T | undefined> {
  const cancel = new AbortController();
  const late = sleep(MAX_WAIT_MS, undefined, { signal: cancel.signal }).catch(() => undefined);
  try {
    return await Promise.race([asked, late]);
  } finally {
    cancel.abort();
  }
}
