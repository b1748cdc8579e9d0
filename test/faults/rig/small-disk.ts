/** A disk that can be full: a small file system in memory, which only root may mount, and not even root in every container. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A file system of its own. */
export interface SmallDisk {
  readonly path: string;
  /** Take all the room that is left. */
  fill(): void;
  /** Give the room back. */
  free(): void;
  close(): void;
}

const SIZE_MIB = 768;
const PIECE_BYTES = 1024 * 1024;

/** Mount one; undefined where that is not allowed. */
export function mountSmallDisk(path: string): SmallDisk | undefined {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MIB}m,mode=0711`, "tmpfs", path], {
      stdio: "ignore",
    });
  } catch {
    return undefined;
  }
  const unmount = (): void => {
    // Lazily: a process that was just killed may still hold a file.
    execFileSync("umount", ["-l", path], { stdio: "ignore" });
  };
  process.prependOnceListener("exit", unmount);
  const ballast = join(path, "ballast");
  const free = (): void => rmSync(ballast, { force: true });
  return {
    path,
    fill() {
      const file = openSync(ballast, "w");
      try {
        for (let size = PIECE_BYTES; size >= 1;) {
          try {
            writeSync(file, Buffer.alloc(size));
          } catch {
            size = Math.floor(size / 16);
          }
        }
      } finally {
        closeSync(file);
      }
    },
    free,
    close() {
      process.off("exit", unmount);
      unmount();
    },
  };
}
