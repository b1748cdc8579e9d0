import { waitUntil } from "../../support/wait-until.ts";
import type { Fault } from "./fault.ts";

// Another fault may hold a worker still just now, for 20 s; only then it hears that it is to stop.
const PATIENCE_MS = 60_000;

/** The workers are replaced, one after the other, as a deploy does. */
export const rollWorkers: Fault = {
  name: "the workers are restarted one after the other",
  maxMs: 1_000,
  async begin(rig) {
    const rolled = (async () => {
      for (const worker of rig.workers) {
        const before = worker.starts();
        worker.signal("SIGTERM");
        await waitUntil(() => worker.starts() > before, {
          what: `${worker.name} is replaced`,
          timeoutMs: PATIENCE_MS,
        });
        await worker.ready().catch(() => {});
      }
    })();
    rolled.catch(() => {});
    return () => rolled;
  },
};
