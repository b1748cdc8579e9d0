/**
 * A consumer as a process of its own. What it does with a job is in the body: `{"die":true}` ends the process in the middle of it,
 * `{"failUntil":n}` fails before the n-th attempt. It says on standard output what it does.
 */
import { AppError } from "@turnpike/domain/errors";
import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { INGEST_EVENTS, INGEST_TURN } from "@turnpike/queue/job/payload";
import { createConsumer, type JobHandler } from "@turnpike/queue/consumer/consumer";
import { textOfBody } from "@turnpike/domain/json/decode-utf8";
import { untilUp } from "../support/wait-until.ts";

/** How a process of this kind is told what to do, as JSON in its first argument. */
export interface RunConsumerOptions {
  readonly location: QueueLocation;
  readonly concurrency: number;
  readonly lockDurationMs: number;
}

const { location, ...options } = JSON.parse(process.argv[2] ?? "") as RunConsumerOptions;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const handle: JobHandler = async ({ body }, { jobId, attempt }) => {
  const { die, failUntil = 0 } = JSON.parse(textOfBody(body)) as { die?: boolean; failUntil?: number };
  say(`begun ${jobId}`);
  if (die === true) process.kill(process.pid, "SIGKILL");
  if (attempt < failUntil) throw new AppError("store_unavailable", "database: ECONNREFUSED");
  say(`handled ${jobId}`);
};

const consumer = createConsumer({
  ...location,
  ...options,
  handlers: { [INGEST_TURN]: handle, [INGEST_EVENTS]: handle },
  deadLetters: {
    async put(letter) {
      say(`letter ${JSON.stringify({ ...letter, job: undefined })}`);
      return "dead";
    },
  },
  log: { info() {}, warn: (facts, message) => void say(`${message} ${JSON.stringify(facts)}`), error() {} },
});
await untilUp(consumer, "the consumer is up");
say("up");
