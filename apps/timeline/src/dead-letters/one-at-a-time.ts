/** Runs tasks one after the other, in the order in which they came. */
export type OneAtATime = <T>(task: () => Promise<T>) => Promise<T>;

/** Make a line for tasks that together would take more memory than there is. */
export function createOneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task);
    last = run.catch(() => {});
    return run;
  };
}
