/**
 * How far a replica is behind, told by positions in the write-ahead log and one clock, this process's own. Not by the time of
 * the last replayed commit: that grows while nothing is written, and compares the clocks of two machines.
 */

/** Where a primary is. */
export interface WrittenPosition {
  /** Where the last record of the log ends, durable or not; in bytes. */
  readonly inserted: bigint;
  /** How far the log is durable, and so on its way to replicas; it may end inside a record. */
  readonly flushed: bigint;
  /** Above the ids of all transactions whose commits can be seen. */
  readonly aboveSeen: bigint;
}

/** Where a replica is. */
export interface ReplayedPosition {
  /** How far the log is replayed; in bytes. */
  readonly replayed: bigint;
  /** Below it, the end of every transaction is replayed. */
  readonly oldestRunning: bigint;
}

/** Measures a replica against its primary. */
export interface ReplayLag {
  /** Take down where the primary is. */
  sample(written: WrittenPosition, atMs: number): void;
  /**
   * How long ago the primary was where the replica is not yet; 0 when it has everything. Undefined while the replica has
   * not been seen at any sample: it may be behind by any time.
   */
  measure(replica: ReplayedPosition, atMs: number): number | undefined;
  /** The replica was lost: what comes back may be another one, and must be seen at a sample first. */
  doubt(): void;
}

type Sample = Pick<WrittenPosition, "inserted" | "aboveSeen"> & { readonly atMs: number };

// At one sample a second these are more minutes than any lag that may be asked for. The oldest ones are what counts.
const MAX_SAMPLES = 1_000;

/** Make a measure; feed it about once a second. */
export function createReplayLag(): ReplayLag {
  let samples: Sample[] = [];
  let flushed = 0n;
  let isSeen = false;

  return {
    sample({ inserted, aboveSeen, ...written }, atMs) {
      // A primary that goes back is another one, or was restored: nothing is known of it.
      if (written.flushed < flushed) {
        samples = [];
        isSeen = false;
      }
      flushed = written.flushed;
      if (samples.at(-1)?.inserted === inserted) return;
      if (samples.length === MAX_SAMPLES) samples.pop();
      samples.push({ inserted, aboveSeen, atMs });
    },
    measure(replica, atMs) {
      // The newest one that is reached stays: a replica that was lost has to come back to it.
      while (isReached(samples[1], replica)) samples.shift();
      if (isReached(samples[0], replica)) isSeen = true;
      if (!isSeen) return undefined;
      // What is not durable is no replica's to have, and holds no commit that anybody has seen.
      const missed = samples.find((sample) => !isReached(sample, replica) && sample.inserted <= flushed);
      return missed === undefined ? 0 : atMs - missed.atMs;
    },
    doubt() {
      isSeen = false;
    },
  };
}

/**
 * By the log; or by the transactions. An idle primary has written records that it makes durable only with the next
 * commit, so that the log's end may stay out of reach; and beside a long transaction there is always one that runs.
 */
function isReached(sample: Sample | undefined, { replayed, oldestRunning }: ReplayedPosition): boolean {
  return sample !== undefined && (sample.inserted <= replayed || sample.aboveSeen <= oldestRunning);
}
