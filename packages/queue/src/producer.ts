/** Puts jobs into the queue. 202 means durable, so nothing here resolves before the backend has confirmed. */
import type { AcceptedBody, Log, TurnQueue } from "@turnpike/domain/ports";
import type { QueueLocation } from "./backend.ts";
import { INGEST_EVENTS, INGEST_TURN, jobIdOf, type JobName, type NewJob, writeJob } from "./catalog.ts";
import { createQueueClient, WAIT_MS } from "./queue-client.ts";
import { MAX_ATTEMPTS } from "./retry-policy.ts";

// A large body takes its time also when the queue is well.
const WAIT_MS_PER_MIB = 200;

/** The producing side of the queue. */
export interface Producer extends TurnQueue {
  close(): Promise<void>;
}

/** Connect in the background; until that has worked, and whenever the queue is away, calls fail within seconds. */
export function createProducer(location: QueueLocation & { readonly log: Log }): Producer {
  const client = createQueueClient(location);
  const add = async (name: JobName, bodies: readonly AcceptedBody[]): Promise<void> => {
    const jobs = (await Promise.all(bodies.map((body) => writeJob(name, body)))).map(withOptions);
    const sizeMib = jobs.reduce((sum, job) => sum + job.data.body.length, 0) / 2 ** 20;
    await client.use(WAIT_MS + sizeMib * WAIT_MS_PER_MIB, ({ queue }) => queue.addBulk(jobs));
  };
  return {
    enqueue: (turns) => add(INGEST_TURN, turns),
    enqueueEvents: (posts) => add(INGEST_EVENTS, posts),
    ping: () => client.use(WAIT_MS, ({ backend }) => backend.ping()),
    close: () => client.close(),
  };
}

function withOptions({ name, data }: NewJob) {
  const jobId = jobIdOf(data.orgId, data.receipt);
  return { name, data, opts: { jobId, attempts: MAX_ATTEMPTS, backoff: { type: "custom" } } };
}
