import { Counter, Histogram, type Registry } from "@turnpike/kit/process/metrics";

/** Counts finished attempts at a job, and how long they took. */
export interface AttemptMetrics {
  finished(outcome: string, durationMs: number): void;
}

const DURATION_BUCKETS_S = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** Register the metrics of one kind of job. */
export function createAttemptMetrics(
  registry: Registry,
  job: { readonly metric: "turn" | "events"; readonly what: string },
): AttemptMetrics {
  const attempts = new Counter({
    name: `turnpike_${job.metric}_attempts_total`,
    help: `Attempts to store ${job.what}, by how they ended: an outcome, or an error code.`,
    labelNames: ["outcome"],
    registers: [registry],
  });
  const duration = new Histogram({
    name: `turnpike_${job.metric}_duration_seconds`,
    help: "Time of one attempt, from the job to the commit.",
    buckets: DURATION_BUCKETS_S,
    registers: [registry],
  });
  return {
    finished(outcome, durationMs) {
      attempts.inc({ outcome });
      duration.observe(durationMs / 1_000);
    },
  };
}
