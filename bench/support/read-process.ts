/** What Linux says of processes under /proc. */
import { readdir, readFile } from "node:fs/promises";

// Of /proc/<pid>/stat: the same on every Linux that Node runs on.
const TICKS_PER_SECOND = 100;

/** Seconds of CPU that a process has used, all its threads; with children, also what those that run and have ended used. */
export async function readCpuSeconds(pid: number, withChildren = false): Promise<number> {
  const own = await readStat(pid);
  if (own === undefined) throw new Error(`process ${pid} is gone`);
  if (!withChildren) return own.cpuSeconds;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const stats = await Promise.all(pids.map(readStat));
  const children = stats.filter((stat) => stat?.parent === pid);
  return children.reduce((sum, stat) => sum + (stat?.cpuSeconds ?? 0), own.cpuSeconds + own.endedSeconds);
}

/** The same for a process without its children, by the scheduler's own clock: to the nanosecond, for short spans. */
export async function readRunSeconds(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0")),
  );
  return texts.reduce((sum, text) => sum + Number(text.split(" ")[0]), 0) / 1e9;
}

/** Memory of a process that is in RAM, in MB. */
export async function readRssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024) / 1e6;
}

interface Stat {
  readonly parent: number;
  readonly cpuSeconds: number;
  /** Of children that have ended. */
  readonly endedSeconds: number;
}

async function readStat(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // The name may hold anything, also spaces: what follows its bracket starts with the third field.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (field: number): number => Number(fields[field - 3]);
  return {
    parent: at(4),
    cpuSeconds: (at(14) + at(15)) / TICKS_PER_SECOND,
    endedSeconds: (at(16) + at(17)) / TICKS_PER_SECOND,
  };
}
