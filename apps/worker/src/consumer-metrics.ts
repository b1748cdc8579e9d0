import { Counter, Gauge, type Registry } from "@turnpike/kit/process/metrics";
import type { Activity } from "@turnpike/queue/consumer/consumer";

const counters = {
  completed: { name: "completed", help: "Jobs that have left the queue: stored, or in the dead letters." },
  failed: { name: "failed", help: "Attempts that failed and are repeated." },
  dead: { name: "dead", help: "Jobs that were put into the dead letters." },
  givenBack: { name: "given_back", help: "Jobs that were given back to the queue, for another to take." },
  stalled: { name: "stalled", help: "Jobs, of any worker, whose lock had run out: it died or stood still." },
} as const satisfies Partial<Record<keyof Activity, { readonly name: string; readonly help: string }>>;

/** Register what a consumer counts; it is read when somebody asks. */
export function addConsumerMetrics(
  registry: Registry,
  sources: { readonly activity: () => Activity; readonly msSinceProgress: () => number },
): void {
  for (const what of Object.keys(counters) as (keyof typeof counters)[]) {
    const { name, help } = counters[what];
    registry.registerMetric(
      new Counter({
        name: `turnpike_worker_jobs_${name}_total`,
        help,
        registers: [],
        collect() {
          this.reset();
          this.inc(sources.activity()[what]);
        },
      }),
    );
  }
  registry.registerMetric(
    new Gauge({
      name: "turnpike_worker_jobs_running",
      help: "Jobs that this worker has taken and that have not ended, those that wait for room included.",
      registers: [],
      collect() {
        this.set(sources.activity().running);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "turnpike_worker_seconds_since_progress",
      help: "For how long there has been work and none of it has left the queue for good; 0 while there is none.",
      registers: [],
      collect() {
        this.set(sources.msSinceProgress() / 1_000);
      },
    }),
  );
}
