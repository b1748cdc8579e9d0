/**
 * Puts BullMQ 6.7 on its server's clock: every time that it sends is moved from this process's clock to the server's, every
 * time that it is told to wait for is moved back. The tables name where its commands carry a time; locks on Redis are
 * timed by Redis itself.
 */
import type { IQueueBackend } from "bullmq";
import type { ServerClock } from "./server-clock.ts";

/** Command → places of its times in the SQL's parameters. */
const postgresTimes: Readonly<Record<string, readonly number[]>> = {
  move_to_active: [3],
  move_to_completed: [4],
  move_to_completed_fetch: [4, 9],
  move_to_failed: [5],
  move_to_failed_fetch: [5, 10],
  move_to_delayed: [3],
  move_active_to_wait: [3],
  move_stalled_jobs_to_wait: [2],
  extend_lock: [4],
  extend_locks: [4],
  next_signal: [2],
};

/** Command → place of its time behind the keys, whose number differs. */
const redisTimes: Readonly<Record<string, number>> = {
  // 11 keys, prefix
  moveToActive: 12,
  // 14 keys, job id
  moveToFinished: 15,
  // 11 keys, prefix
  moveToDelayed: 12,
  // 11 keys, prefix
  retryJob: 12,
};

/** BullMQ's own way to its server, on either backend. */
interface Inside extends IQueueBackend {
  run?(command: string, parameters: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  execCommand?(client: unknown, command: string, args: unknown[]): unknown;
}

/** Change a worker's backend in place, and return it. */
export function onServerClock<B extends IQueueBackend>(backend: B, clock: ServerClock): B {
  const inside = backend as B & Inside;
  const toServer = (time: unknown): unknown =>
    typeof time === "number" && time > 0 ? time + clock.offsetMs() : time;
  const toLocal = (time: number): number => (time > 0 ? time - clock.offsetMs() : time);

  const run = inside.run?.bind(backend);
  if (run !== undefined) {
    inside.run = async (command, parameters) => {
      const places = postgresTimes[command] ?? [];
      const sent = places.reduce((list, place) => list.with(place, toServer(list[place])), parameters);
      const answer = await run(command, sent);
      const delay = answer.rows[0]?.["next_delay"];
      if (delay === undefined || delay === null) return answer;
      return { ...answer, rows: [{ ...answer.rows[0], next_delay: String(toLocal(Number(delay))) }] };
    };
    return backend;
  }

  const execCommand = inside.execCommand?.bind(backend);
  const waitForJob = inside.waitForJob.bind(backend);
  if (execCommand === undefined) throw new Error("this version of BullMQ is not known");
  inside.execCommand = (client, command, args) => {
    const place = redisTimes[command];
    const sent = place === undefined ? args : args.with(place, toServer(args[place]));
    const answer = execCommand(client, command, sent);
    return answer instanceof Promise ? answer.then(withLocalDelay) : answer;
  };
  inside.waitForJob = async (blockTimeout) => {
    const marker = await waitForJob(blockTimeout);
    return marker === null ? null : { ...marker, score: toLocal(marker.score) };
  };
  return backend;

  /** `[job or 0, its id, how long the rate limit lasts, when the next delayed job is due]`. */
  function withLocalDelay(answer: unknown): unknown {
    if (!Array.isArray(answer) || answer.length !== 4 || typeof answer[3] !== "number") return answer;
    return answer.with(3, toLocal(answer[3]));
  }
}
