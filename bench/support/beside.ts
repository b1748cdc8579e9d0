import { setTimeout as sleep } from "node:timers/promises";

/** Run something, and beside it do something else over and over, with a pause each time, until it has ended. */
export async function beside<T>(
  run: () => Promise<T>,
  { act, everyMs }: { readonly act: () => Promise<void> | void; readonly everyMs: number },
): Promise<T> {
  let isOver = false;
  const acting = (async () => {
    while (!isOver) {
      await act();
      await sleep(everyMs);
    }
  })();
  const [result] = await Promise.all([run().finally(() => (isOver = true)), acting]);
  return result;
}
