/** Takes jobs out of one shard of the queue; a consumer is made of these. */
import { AppError } from "@turnpike/domain/errors";
import { type Activity, createActivityBook } from "./activity.ts";
import { type HoldReason, openSession, type SessionOptions } from "./consumer-session.ts";
import type { OpenWorker } from "./open-worker.ts";
import type { Backlog } from "../backend/backend.ts";
import type { SweepResult } from "../backend/ledger.ts";
import { within } from "@turnpike/async/timeout";

const ANSWER_TIMEOUT_MS = 2_000;

/** The consuming side of one shard. */
export interface ConsumerShard {
  /** @throws AppError `queue_unavailable` when the shard does not answer or was never reached. */
  ping(): Promise<void>;
  /** @throws AppError `queue_unavailable` when the act fails or is not done within two seconds. */
  use<T>(act: (open: OpenWorker) => Promise<T>): Promise<T>;
  /** @throws AppError `queue_unavailable`. */
  readBacklog(): Promise<Backlog>;
  /** What has been done so far. */
  activity(): Activity;
  /**
   * Look for what a crash left behind beside the queue; one at a time, whoever calls. Takes its time on a deep queue.
   * @throws AppError `queue_unavailable`.
   */
  sweep(): Promise<SweepResult>;
  /** Take no more jobs, or take them again; what runs goes on. */
  hold(reason: HoldReason | undefined): void;
  /** Replace every connection; what runs on the old ones is given back to the queue. Resolved when the old ones are let go. */
  reopen(): Promise<void>;
  /** See `Consumer`. */
  drain(deadlineMs: number): Promise<boolean>;
}

/** Start taking jobs as soon as the shard can be reached. */
export function createConsumerShard(options: Omit<SessionOptions, "activity">): ConsumerShard {
  const activity = createActivityBook();
  let { held } = options;
  const open = () => openSession({ ...options, held, activity });
  let session = open();
  let draining: Promise<boolean> | undefined;
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return await within(question(), ANSWER_TIMEOUT_MS, () => new Error("the queue does not answer"));
    } catch (cause) {
      throw new AppError("queue_unavailable", "the queue does not answer", { cause });
    }
  };

  const use = <T>(act: (open: OpenWorker) => Promise<T>): Promise<T> => ask(() => session.opened.then(act));
  const ping = (): Promise<void> => use(({ backend }) => backend.ping());

  return {
    ping,
    use,
    async readBacklog() {
      const backlog = await ask(() => session.readBacklog());
      // None of it is to be taken. Whoever is only unsure for long has stopped working.
      return held === "foreign" ? { ...backlog, isWaiting: false } : backlog;
    },
    activity: () => activity.read(),
    async sweep() {
      // Asked of a shard that is away it would wait until that is back, and hold up the sweeps of the others.
      await ping();
      return session.sweep();
    },
    hold(reason) {
      held = reason;
      session.hold(reason);
    },
    async reopen() {
      if (draining !== undefined) return;
      const old = session;
      session = open();
      await old.abandon();
    },
    drain: (deadlineMs) => (draining ??= session.drain(deadlineMs)),
  };
}
