import { mkdtemp, open, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { beside } from "./beside.ts";

/** What was left of the machine. */
export interface MachineUse {
  /** Cores that were busy on average, whoever kept them so. */
  readonly busyCores: number;
  /** The share of the time, from 0 to 1, that went by in waits for the disk of 50 ms and more. */
  readonly heldUp: number;
  /** The longest of all waits for the disk. */
  readonly longestWaitMs: number;
}

const EVERY_MS = 50;
const LONG_MS = 50;
const BLOCK = Buffer.alloc(8_192, 1);
const BLOCKS = 128;

/**
 * Run something, and beside it write 8 kB to a file and wait until they are on the disk, over and over: as a commit waits, without
 * the database. The file lies where those of the servers do.
 */
export async function watchMachine<T>(run: () => Promise<T>): Promise<{ result: T; machine: MachineUse }> {
  const folder = await mkdtemp(join(tmpdir(), "turnpike-machine-"));
  const file = await open(join(folder, "blocks"), "w");
  try {
    // Of its full size from the start, as a log file that is used again: no write has to make room.
    await file.write(Buffer.alloc(BLOCK.length * BLOCKS, 1));
    await file.sync();
    const waits: number[] = [];
    const [startedAt, busyBefore] = [performance.now(), readBusyMs()];
    const writeBlock = async (): Promise<void> => {
      await file.write(BLOCK, 0, BLOCK.length, (waits.length % BLOCKS) * BLOCK.length);
      const at = performance.now();
      await file.datasync();
      waits.push(performance.now() - at);
    };
    const result = await beside(run, { act: writeBlock, everyMs: EVERY_MS });
    const tookMs = performance.now() - startedAt;
    const long = waits.filter((wait) => wait >= LONG_MS);
    return {
      result,
      machine: {
        busyCores: (readBusyMs() - busyBefore) / tookMs,
        heldUp: long.reduce((sum, wait) => sum + wait, 0) / tookMs,
        longestWaitMs: Math.max(...waits),
      },
    };
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
}

/** Of all cores since the machine was started. */
function readBusyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
