/**
 * Takes jobs out of the queue, at least once each: a job completes only after its handler has resolved, or when it is in the
 * dead letters. Of a queue of several shards all are served; one that is away holds up none of the others.
 */
import { AppError } from "@turnpike/domain/errors";
import type { DeadLetterStore } from "@turnpike/domain/ports/ports";
import { type Activity, sumActivities } from "./activity.ts";
import { type ConsumerShard, createConsumerShard } from "./consumer-shard.ts";
import { createJobGate } from "./memory-limiter.ts";
import type { Verdict } from "../marker/compare-markers.ts";
import { countAccepted, type UseShard } from "../marker/count-accepted.ts";
import { type MarkerOptions, type MarkerWatch, watchMarker } from "../marker/watch-marker.ts";
import type { OpenWorker, WorkerOptions } from "./open-worker.ts";
import { type SweepResult, sumSweeps } from "../backend/ledger.ts";
import type { JobHandlers } from "./run-job.ts";
import { warnOfUnservedShards } from "../shards/shard-count.ts";
import { listShards } from "../shards/shards.ts";

export type { Activity } from "./activity.ts";
export type { Backlog } from "../backend/backend.ts";
export type { JobHandler } from "./run-job.ts";

/** How to consume. */
export interface ConsumerOptions extends WorkerOptions {
  readonly handlers: JobHandlers;
  readonly deadLetters: DeadLetterStore;
  /** Told the size of each body that was done with: when that was much, there is much garbage. */
  readonly onBodyDone?: (bytes: number) => void;
  /** When given, jobs are taken only of a queue that is the one of this database. */
  readonly marker?: MarkerOptions;
}

/** The consuming side of the queue. */
export interface Consumer {
  /** Each can be watched and reopened by itself: work that gets done in one says nothing of the others. */
  readonly shards: readonly Pick<ConsumerShard, "readBacklog" | "activity" | "reopen">[];
  /** @throws AppError `queue_unavailable` when no shard answers, or the queue is not that of the database. */
  ping(): Promise<void>;
  /** What has been done so far, in all shards. */
  activity(): Activity;
  /**
   * Look for what a crash left behind beside the queue; one at a time, whoever calls. Takes its time on a deep queue. Warns of
   * shards that hold jobs and are not served.
   * @throws AppError `queue_unavailable` or the driver's error, when a shard could not be looked at; the others were.
   */
  sweep(): Promise<SweepResult>;
  /**
   * Take no more jobs, wait for the running ones, and give back in time what has not ended, for another to take it at once.
   * @returns false when some could not be given back: others take them over when their locks have run out.
   */
  drain(deadlineMs: number): Promise<boolean>;
}

/** Start taking jobs as soon as the queue can be reached; its shards have the concurrency in equal parts, at least one each. */
export function createConsumer({ onBodyDone, marker, ...options }: ConsumerOptions): Consumer {
  const gate = createJobGate(onBodyDone);
  const locations = listShards(options);
  const concurrency = Math.ceil(options.concurrency / locations.length);
  const held = marker && ("unsure" as const);
  const admit = marker && ((): Promise<boolean> => watch?.admit() ?? Promise.resolve(true));
  const shards = locations.map((location) =>
    createConsumerShard({ ...location, concurrency, gate, held, admit }),
  );
  const watch = marker && watchConsumer(options, marker, shards);
  const warn = (): Promise<void> | undefined =>
    shards[0]?.use(({ backend }) => warnOfUnservedShards(backend, options, options.log)).catch(() => {});
  return {
    shards,
    async ping() {
      await Promise.any(shards.map((shard) => shard.ping())).catch((cause: unknown) => {
        throw new AppError("queue_unavailable", "the queue does not answer", { cause });
      });
      await watch?.check();
    },
    activity: () => sumActivities(shards.map((shard) => shard.activity())),
    async sweep() {
      await warn();
      const sweeps = await Promise.allSettled(shards.map((shard) => shard.sweep()));
      return sumSweeps(
        sweeps.map((sweep) => {
          if (sweep.status === "rejected") throw sweep.reason;
          return sweep.value;
        }),
      );
    },
    async drain(deadlineMs) {
      watch?.close();
      const drained = await Promise.all(shards.map((shard) => shard.drain(deadlineMs)));
      return drained.every(Boolean);
    },
  };
}

/**
 * Until the first look, from a lost connection to the next look, and while the queue is another's, no jobs are taken. While the
 * database has not answered yet they are, as ever when it is away; each of them is looked at then, so that none is stored in it that
 * is another's when it comes back.
 */
function watchConsumer(
  options: Omit<ConsumerOptions, "onBodyDone" | "marker">,
  marker: MarkerOptions,
  shards: readonly ConsumerShard[],
): MarkerWatch & { admit(): Promise<boolean> } {
  let verdict: Verdict = { state: "unknown" };
  const watch = watchMarker({
    location: options,
    role: "consumer",
    marker,
    use: (act) => useFirst(shards, act),
    countAccepted: () =>
      countAccepted(
        shards.map(
          (shard): UseShard =>
            (act) =>
              shard.use(act),
        ),
      ),
    onLost: () => shards[0]?.hold("unsure"),
    onLook(found) {
      verdict = found;
      for (const shard of shards) shard.hold(isForeign(found) ? "foreign" : undefined);
    },
  });
  return {
    ...watch,
    async admit() {
      return !isForeign(verdict.state === "unknown" ? await watch.look() : verdict);
    },
  };
}

/** What lies in the shards that it does serve is its own. */
function isForeign(verdict: Verdict): boolean {
  return verdict.state === "mismatch" && verdict.reason !== "fewer_shards";
}

function useFirst<T>([first]: readonly ConsumerShard[], act: (open: OpenWorker) => Promise<T>): Promise<T> {
  if (first === undefined) throw new Error("a queue has one shard at least");
  return first.use(act);
}
