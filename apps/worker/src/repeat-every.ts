/** Do something every so often, one after the other, until it is stopped; a failure of one round is for the act to report. */
export function repeatEvery(intervalMs: number, act: () => Promise<void>): { stop(): void } {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const plan = (): void => {
    if (isStopped) return;
    timer = setTimeout(
      () =>
        void act()
          .catch(() => {})
          .finally(plan),
      intervalMs,
    ).unref();
  };
  plan();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
