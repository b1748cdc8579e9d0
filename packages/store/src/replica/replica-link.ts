/**
 * Keeps an eye on a replica, and gives it out while it is fit to answer: it is there, it is one, and it is not too far
 * behind its primary. A replica that hangs is given up as one that is away: what was asked of it fails, and is asked elsewhere.
 */
import type { Log } from "@turnpike/domain/ports/ports";
import { createProbe } from "./probe.ts";
import { readReplayedPosition, readWrittenPosition } from "./read-position.ts";
import { createReplayLag } from "./replay-lag.ts";

/** A replica under watch. */
export interface ReplicaLink<T> {
  /** Undefined while the replica is not to be asked. */
  current(): T | undefined;
  /** Undefined while it is not known. */
  lagMs(): number | undefined;
  /** Say that the replica failed: it is not asked again before it has shown that it is there. */
  lose(): void;
  close(): Promise<void>;
}

/** What is watched, and how. */
export interface ReplicaLinkOptions<T> {
  readonly primaryUrl: string;
  readonly replicaUrl: string;
  readonly maxLagMs: number;
  readonly log: Log;
  /** Open what asks the replica. */
  readonly open: () => T;
  /** Close it at once: what it was asked fails. */
  readonly shut: (opened: T) => Promise<void>;
}

/** Why a replica is not used. */
type Fault = "starting" | "away" | "no_replica" | "lagging";

/** How often the two servers are asked; how stale a measured lag may be. */
export const CHECK_MS = 1_000;
/** After which a server that does not answer counts as away. */
export const PROBE_TIMEOUT_MS = 2_000;

/** Start to watch. The replica is not given out before it was seen to be fit. */
export function createReplicaLink<T>(options: ReplicaLinkOptions<T>): ReplicaLink<T> {
  const { maxLagMs, log } = options;
  const lag = createReplayLag();
  const bound = { timeoutMs: PROBE_TIMEOUT_MS };
  const primary = createProbe({ ...bound, url: options.primaryUrl }, readWrittenPosition);
  const replica = createProbe({ ...bound, url: options.replicaUrl }, readReplayedPosition);
  let opened: T | undefined;
  let fault: Fault | undefined = "starting";
  let lagMs: number | undefined;
  let isClosed = false;
  const startedAt = performance.now();
  let checking = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const shut = async (): Promise<void> => {
    const lost = opened;
    opened = undefined;
    if (lost !== undefined) await options.shut(lost);
  };

  const judge = (next: Fault | undefined): void => {
    const known = fault;
    fault = next;
    if (next === known) return;
    const facts = { replica: next ?? "in_use", lagMs };
    if (next !== undefined) log.warn(facts, "the read replica is not used: reads go to the primary");
    else log.info(facts, "the read replica is used");
  };

  const giveUp = (next: Fault): void => {
    lagMs = undefined;
    lag.doubt();
    void shut();
    judge(next);
  };

  const findFault = (): Fault | undefined => {
    if (lagMs === undefined) {
      const isOverdue = fault === "starting" && performance.now() - startedAt > maxLagMs;
      return isOverdue ? "lagging" : (fault ?? "lagging");
    }
    // One that fell behind has to come back by half, so as not to go to and fro.
    return lagMs > (fault === "lagging" ? maxLagMs / 2 : maxLagMs) ? "lagging" : undefined;
  };

  const check = async (): Promise<void> => {
    const [written, replayed] = await Promise.allSettled([primary.ask(), replica.ask()]);
    if (isClosed) return;
    // Without its primary a replica goes on as it is: nothing new is committed that it could miss.
    if (written.status === "fulfilled") lag.sample(written.value, performance.now());
    if (replayed.status === "rejected") return giveUp("away");
    if (replayed.value === undefined) return giveUp("no_replica");
    lagMs = lag.measure(replayed.value, performance.now());
    const found = findFault();
    if (found === undefined) opened ??= options.open();
    judge(found);
  };

  const checkOnAndOn = (): void => {
    checking = check().then(() => {
      if (!isClosed) timer = setTimeout(checkOnAndOn, CHECK_MS);
    });
  };
  checkOnAndOn();

  return {
    current: () => (fault === undefined ? opened : undefined),
    lagMs: () => lagMs,
    lose: () => {
      if (!isClosed) giveUp("away");
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await Promise.all([primary.close(), replica.close(), shut()]);
      await checking;
    },
  };
}
