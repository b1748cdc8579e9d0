import { readFileSync } from "node:fs";

/**
 * Say when Linux begins to write out what programs have written without waiting for the disk: a sync that comes meanwhile waits
 * for all of it. Source: the kernel's documentation of `/proc/sys/vm`, `dirty_*`.
 */
export function describeWriteBack(): string {
  const bytes = readSetting("dirty_background_bytes");
  const amount =
    bytes > 0
      ? `${(bytes / 2 ** 20).toFixed(0)} MiB`
      : `${readSetting("dirty_background_ratio")} % of memory`;
  return `pages written out after ${readSetting("dirty_expire_centisecs") / 100} s or from ${amount} on`;
}

function readSetting(name: string): number {
  return Number(readFileSync(`/proc/sys/vm/${name}`, "utf8"));
}
