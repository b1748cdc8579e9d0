/**
 * Takes jobs out of the queue, at least once each: a job completes only after its handler has resolved, or when it is in the
 * dead letters. Of a queue of several shards all are served; one that is away holds up none of the others.
 */
import { AppError } from "@turnpike/domain/errors";
import type { DeadLetterStore } from "@turnpike/domain/ports";
import { type Activity, sumActivities } from "./activity.ts";
import { type ConsumerShard, createConsumerShard } from "./consumer-shard.ts";
import { createJobGate } from "./job-gate.ts";
import type { WorkerOptions } from "./open-worker.ts";
import { type SweepResult, sumSweeps } from "./register.ts";
import type { JobHandlers } from "./run-job.ts";
import { warnOfUnservedShards } from "./shard-count.ts";
import { listShards } from "./shards.ts";

export type { Activity } from "./activity.ts";
export type { Backlog } from "./read-backlog.ts";
export type { JobHandler } from "./run-job.ts";

/** How to consume. */
export interface ConsumerOptions extends WorkerOptions {
  readonly handlers: JobHandlers;
  readonly deadLetters: DeadLetterStore;
  /** Told the size of each body that was done with: when that was much, there is much garbage. */
  readonly onBodyDone?: (bytes: number) => void;
}

/** The consuming side of the queue. */
export interface Consumer {
  /** Each can be watched and reopened by itself: work that gets done in one says nothing of the others. */
  readonly shards: readonly Pick<ConsumerShard, "readBacklog" | "activity" | "reopen">[];
  /** @throws AppError `queue_unavailable` when no shard answers. */
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
export function createConsumer({ onBodyDone, ...options }: ConsumerOptions): Consumer {
  const gate = createJobGate(onBodyDone);
  const locations = listShards(options);
  const concurrency = Math.ceil(options.concurrency / locations.length);
  const shards = locations.map((location) => createConsumerShard({ ...location, concurrency, gate }));
  const warn = (): Promise<void> | undefined =>
    shards[0]?.use(({ backend }) => warnOfUnservedShards(backend, options, options.log)).catch(() => {});
  return {
    shards,
    async ping() {
      await Promise.any(shards.map((shard) => shard.ping())).catch((cause: unknown) => {
        throw new AppError("queue_unavailable", "the queue does not answer", { cause });
      });
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
      const drained = await Promise.all(shards.map((shard) => shard.drain(deadlineMs)));
      return drained.every(Boolean);
    },
  };
}
