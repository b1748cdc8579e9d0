import type { AppError } from "@turnpike/domain/errors";
import type { DeadLetter } from "@turnpike/domain/ports/ports";
import { toStorable } from "@turnpike/domain/prepare/storable-text";
import { z } from "zod";

const JobId = z
  .string()
  .transform((id) => id.split("_"))
  .pipe(z.tuple([z.uuid(), z.uuid()]));

const Facts = z.object({
  requestId: z.string().optional().catch(undefined),
  acceptedAt: z.iso.datetime({ offset: true }).optional().catch(undefined),
});

/** What a dead letter is made of. */
export interface DeadJob extends Pick<DeadLetter, "orgId" | "receipt"> {
  readonly jobName: string;
  /** The job's payload, as found: perhaps of no version that is known here. */
  readonly data: unknown;
  readonly job: Uint8Array;
  readonly isWhole: boolean;
  readonly attempts: number;
  readonly failure: AppError;
  /** ISO 8601. */
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
}

/** Tell whose a job is, by its id; undefined when the id is none of ours. */
export function ownerOf(jobId: string): Pick<DeadLetter, "orgId" | "receipt"> | undefined {
  const id = JobId.safeParse(jobId);
  return id.success ? { orgId: id.data[0], receipt: id.data[1] } : undefined;
}

/** Make the dead letter of a job, whatever its payload looks like. */
export function makeDeadLetter({ orgId, receipt, ...dead }: DeadJob): DeadLetter {
  const facts = Facts.safeParse(dead.data).data;
  return {
    orgId,
    receipt,
    jobName: toStorable(dead.jobName).value,
    code: dead.failure.code,
    reason: toStorable(dead.failure.message).value,
    attempts: dead.attempts,
    firstFailedAt: dead.firstFailedAt,
    lastFailedAt: dead.lastFailedAt,
    acceptedAt: facts?.acceptedAt,
    requestId: facts?.requestId === undefined ? undefined : toStorable(facts.requestId).value,
    job: dead.job,
    isWhole: dead.isWhole,
  };
}
