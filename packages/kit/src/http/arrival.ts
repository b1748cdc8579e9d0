import type { IncomingMessage } from "node:http";

const arrivals = new WeakMap<IncomingMessage, number>();

/** Note that a request is here; it may have to wait before it is begun. */
export function noteArrival(incoming: IncomingMessage): void {
  arrivals.set(incoming, performance.now());
}

/** Get when a request came, in milliseconds of `performance.now()`; now, when nobody noted it. */
export function arrivedAt(incoming: IncomingMessage | undefined): number {
  return (incoming && arrivals.get(incoming)) ?? performance.now();
}
