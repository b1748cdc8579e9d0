/** Settle like a promise, or reject with `late()` once the time is up; the promise itself goes on, unheard. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    // A process that was busy for so long comes to its timers first: what the network has brought meanwhile still counts.
    timer = setTimeout(() => setImmediate(() => reject(late())), timeoutMs);
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
