/** Lets in what there is room for, in the order in which it came. */
export interface WaitingLine {
  /**
   * Wait for room; what is larger than all of it waits until it is alone.
   * @returns what to call when the room is free again; undefined when the time was up first.
   */
  enter(size: number, maxWaitMs: number): Promise<(() => void) | undefined>;
}

interface Waiting {
  readonly size: number;
  readonly admit: () => void;
}

/** Make a line in front of so much room. */
export function createWaitingLine(room: number): WaitingLine {
  const waiting = new Set<Waiting>();
  let taken = 0;

  const admitNext = (): void => {
    for (const next of waiting) {
      if (taken > 0 && taken + next.size > room) return;
      waiting.delete(next);
      taken += next.size;
      next.admit();
    }
  };

  return {
    enter(size, maxWaitMs) {
      return new Promise((resolve) => {
        const one: Waiting = {
          size,
          admit() {
            clearTimeout(timer);
            resolve(() => {
              taken -= size;
              admitNext();
            });
          },
        };
        const timer = setTimeout(() => {
          waiting.delete(one);
          resolve(undefined);
          admitNext();
        }, maxWaitMs);
        waiting.add(one);
        admitNext();
      });
    },
  };
}
