import { AppError } from "@turnpike/domain/errors";
import { UnrecoverableError } from "bullmq";
import { askQueue } from "../backend/ask-queue.ts";
import { type CarriedJob, isWholeParcel, toUnreadableJob, unpackParcel } from "../job/job-batch.ts";
import { describeFailure, orGiveBack, type RunJobDeps, type RunnableJob } from "./run-job.ts";

/** What running parcels takes. */
export interface RunParcelDeps extends Pick<
  RunJobDeps,
  "handlers" | "contents" | "gate" | "stopEntering" | "giveBack" | "log" | "on"
> {
  /**
   * Make jobs of their own of turns that a parcel carries; again for those that are ones already, without harm.
   * @throws the driver's error when the queue is away.
   */
  readonly sendAlone: (turns: readonly CarriedJob[]) => Promise<void>;
  /** List the ids of the turns that a parcel carries, as the register knows them. */
  readonly listCarried: (parcelId: string) => Promise<readonly string[]>;
}

/**
 * Run what a parcel carries, all at once. Resolved means that it may leave the queue: each of its turns is stored, or has become
 * a job of its own, which is tried again or buried by itself. A parcel that was lost with its worker is not run again: which of its
 * turns is to blame is found out one by one.
 * @throws as `runJob`.
 */
export async function runParcel(job: RunnableJob, token: string, deps: RunParcelDeps): Promise<void> {
  await orGiveBack({ job, marks: {}, attempt: job.attemptsMade + 1 }, token, deps, async () => {
    const turns = await readParcel(job, deps);
    const rest = job.stalledCounter > 0 ? turns : await storeTogether(job, turns, deps);
    if (rest.length > 0) await leaveParcel(job, rest, deps);
  });
}

/** What cannot be read in it is known to the register all the same, turn by turn. */
async function readParcel(job: RunnableJob, deps: RunParcelDeps): Promise<readonly CarriedJob[]> {
  const turns = unpackParcel(job) ?? [];
  if (isWholeParcel(job.data)) return turns;
  const readable = new Set(turns.map(({ id }) => id));
  const carried = await askQueue(() => deps.listCarried(job.id ?? "")).catch((failure: unknown) => {
    throw describeFailure(Error, failure as AppError);
  });
  const others = carried.filter((id) => !readable.has(id)).map((id) => toUnreadableJob(id, job.data));
  deps.log.error(
    { jobId: job.id, readable: turns.length, unreadable: others.length },
    "a parcel cannot be read; its turns leave it one by one",
  );
  if (turns.length + others.length > 0) return [...turns, ...others];
  // Nobody knows of a turn in it. The queue itself keeps it, among its failed jobs.
  throw describeFailure(UnrecoverableError, new AppError("unreadable_job", "unreadable job payload: turns"));
}

/** Returns the turns that were not stored. */
async function storeTogether(
  job: RunnableJob,
  turns: readonly CarriedJob[],
  { gate, contents, handlers, stopEntering }: RunParcelDeps,
): Promise<CarriedJob[]> {
  const size = turns.reduce((sum, turn) => sum + contents.sizeOf(turn), 0);
  const leave = await gate.enter(size, stopEntering);
  try {
    const attempt = job.attemptsMade + 1;
    const outcomes = await Promise.allSettled(
      turns.map(async (turn) => {
        const { name, accepted } = await contents.read(turn);
        await handlers[name](accepted, { attempt, jobId: turn.id });
      }),
    );
    return turns.filter((_turn, index) => outcomes[index]?.status === "rejected");
  } finally {
    leave();
  }
}

async function leaveParcel(
  job: RunnableJob,
  turns: readonly CarriedJob[],
  { sendAlone, log }: RunParcelDeps,
): Promise<void> {
  try {
    await sendAlone(turns);
    log.info({ jobId: job.id, turns: turns.length }, "turns left their parcel");
  } catch (cause) {
    // The whole parcel is tried again: turns that are stored stay what they are.
    const failure = new AppError("queue_unavailable", "the turns could not leave their parcel", { cause });
    throw describeFailure(Error, failure);
  }
}
