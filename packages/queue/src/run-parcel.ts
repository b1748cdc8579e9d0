import { AppError } from "@turnpike/domain/errors";
import { traceOf } from "@turnpike/domain/trace-of";
import { UnrecoverableError } from "bullmq";
import { type CarriedJob, unpackParcel } from "./parcels.ts";
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
}

/**
 * Run what a parcel carries, all at once. Resolved means that it may leave the queue: each of its turns is stored, or has become
 * a job of its own, which is tried again or buried by itself. A parcel that was lost with its worker is not run again: which of its
 * turns is to blame is found out one by one.
 * @throws as `runJob`.
 */
export async function runParcel(job: RunnableJob, token: string, deps: RunParcelDeps): Promise<void> {
  const turns = readParcel(job, deps);
  await orGiveBack({ job, marks: {}, attempt: job.attemptsMade + 1 }, token, deps, async () => {
    const rest = job.stalledCounter > 0 ? turns : await storeTogether(job, turns, deps);
    if (rest.length > 0) await leaveParcel(job, rest, deps);
  });
}

function readParcel(job: RunnableJob, { log }: RunParcelDeps): readonly CarriedJob[] {
  try {
    return unpackParcel(job) ?? [];
  } catch (cause) {
    // The queue itself keeps it, among its failed jobs.
    log.error({ jobId: job.id, at: traceOf(cause) }, "a parcel cannot be read");
    const failure = new AppError("unreadable_job", "unreadable job payload: turns", { cause });
    throw describeFailure(UnrecoverableError, failure);
  }
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
