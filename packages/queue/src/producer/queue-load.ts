/**
 * What this process knows of how full the queue is. The register is asked a few times a second at most; in between, what this
 * process puts in is added. So the number is never too low by what went in here, and too low by what others put in since.
 */
import type { RegisteredLoad } from "../backend/ledger.ts";
import { within } from "@turnpike/async/timeout";

/** Jobs and their bytes. */
export interface Amount {
  readonly jobs: number;
  readonly bytes: number;
}

/** How full the queue is, as far as this process knows. */
export interface KnownLoad extends Amount {
  of(orgId: string): Amount;
  readonly memory: RegisteredLoad["memory"];
}

/** Knows how full the queue is. */
export interface LoadBook {
  /**
   * See to it that what is known is not older than a quarter of a second, or a few seconds when the register is slow to answer.
   * @returns whether it has answered in time.
   * @throws what reading the register throws, when what is known is older than that.
   */
  refresh(): Promise<boolean>;
  /** Get what is known, with what this process has put in since and is putting in. */
  current(): KnownLoad;
  /** Note what is about to be put in, by org; call what is returned when it is in, or is known not to be. */
  begin(byOrg: ReadonlyMap<string, Amount>): (hasComeIn: boolean) => void;
}

const MAX_AGE_MS = 250;
// What is known serves for so long when the register answers late or not at all.
const MAX_STALE_MS = 5_000;
const PATIENCE_MS = 250;
const NOTHING: Amount = { jobs: 0, bytes: 0 };

type ByOrg = ReadonlyMap<string, Amount>;

/** Make a book over a register. */
export function createLoadBook(
  readRegister: () => Promise<RegisteredLoad>,
  now: () => number = () => performance.now(),
): LoadBook {
  let known: RegisteredLoad | undefined;
  let knownAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  // What is being put in, and what is in since the register was last asked.
  const added = new Map<string, Amount>();
  let addedTotal = NOTHING;
  let isIn: ByOrg[] = [];

  const note = (byOrg: ByOrg, sign: 1 | -1): void => {
    for (const [orgId, { jobs, bytes }] of byOrg) {
      const more = { jobs: sign * jobs, bytes: sign * bytes };
      const sum = plus(added.get(orgId) ?? NOTHING, more);
      if (sum.jobs === 0) added.delete(orgId);
      else added.set(orgId, sum);
      addedTotal = plus(addedTotal, more);
    }
  };
  const readAnew = async (): Promise<void> => {
    const askedAt = now();
    const seen = isIn;
    isIn = [];
    try {
      known = await readRegister();
    } catch (error) {
      isIn = [...seen, ...isIn];
      throw error;
    }
    knownAt = askedAt;
    for (const byOrg of seen) note(byOrg, -1);
  };

  return {
    async refresh() {
      if (now() - knownAt <= MAX_AGE_MS) return true;
      reading ??= readAnew().finally(() => {
        reading = undefined;
      });
      // Busy as it may be, the queue does not fill up in so short a time without this process knowing most of it.
      if (now() - knownAt > MAX_STALE_MS) {
        await reading;
        return true;
      }
      return within(reading, PATIENCE_MS, () => new Error("late")).then(
        () => true,
        () => false,
      );
    },
    current() {
      const memory = known?.memory;
      return {
        of: (orgId) => plus(known?.byOrg.get(orgId) ?? NOTHING, added.get(orgId) ?? NOTHING),
        memory: memory && { ...memory, usedBytes: memory.usedBytes + addedTotal.bytes },
        ...plus(known ?? NOTHING, addedTotal),
      };
    },
    begin(byOrg) {
      note(byOrg, 1);
      return (hasComeIn) => {
        if (hasComeIn) isIn.push(byOrg);
        else note(byOrg, -1);
      };
    },
  };
}

/** Add up what is known of several shards; the memory is that of the first, where jobs are to be put. */
export function sumLoads(first: KnownLoad, others: readonly KnownLoad[]): KnownLoad {
  if (others.length === 0) return first;
  return {
    of: (orgId) => others.reduce((sum, other) => plus(sum, other.of(orgId)), first.of(orgId)),
    memory: first.memory,
    ...others.reduce<Amount>(plus, first),
  };
}

function plus(one: Amount, other: Amount): Amount {
  return { jobs: one.jobs + other.jobs, bytes: one.bytes + other.bytes };
}
