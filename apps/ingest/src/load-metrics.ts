import { Gauge, type Registry } from "@turnpike/kit/process/metrics";
import type { BodyMemory } from "./memory-limiter.ts";
import type { IngestQueue } from "./deps.ts";

/** Register what tells how full this process is, and what was refused because something was. */
export function addLoadMetrics(
  registry: Registry,
  { queue, memory }: { readonly queue: IngestQueue; readonly memory: BodyMemory },
): void {
  const inflight: Gauge = new Gauge({
    name: "turnpike_inflight_body_bytes",
    help: "Bytes of bodies that this process is receiving, decoding and enqueueing.",
    collect: () => inflight.set(memory.heldBytes()),
    registers: [registry],
  });
  const refusals: Gauge<"bound"> = new Gauge({
    name: "turnpike_full_refusals",
    help: "Posts that were refused since the start because something was full, by bound.",
    labelNames: ["bound"],
    collect() {
      const counts = { ...queue.refusals?.(), ...memory.refusals() };
      for (const [bound, count] of Object.entries(counts)) refusals.set({ bound }, count);
    },
    registers: [registry],
  });
}
