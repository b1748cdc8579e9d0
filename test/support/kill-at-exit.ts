const lists = new Set<() => readonly number[]>();
let isHooked = false;

/**
 * See to it that processes do not outlive this one, however this one ends short of SIGKILL. They are listed at the very end; call
 * the result when they are gone.
 */
export function killAtExit(list: () => readonly number[]): () => void {
  if (!isHooked) {
    isHooked = true;
    // Before the folders go that they work in.
    process.prependOnceListener("exit", killAll);
  }
  lists.add(list);
  return () => lists.delete(list);
}

function killAll(): void {
  for (const pid of [...lists].flatMap((list) => list())) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  }
}
