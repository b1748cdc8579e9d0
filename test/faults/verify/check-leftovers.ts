import { openBackend } from "@turnpike/queue/backend/open-backend";
import { waitUntil } from "../../support/wait-until.ts";
import type { Rig } from "../rig/rig.ts";
import { placeOf, silent } from "./queue-counts.ts";

/** Check that an empty queue holds nothing: after what sweeps find, no entry, no byte and no payload is left. */
export async function checkLeftovers(rig: Rig): Promise<string[]> {
  const backend = await openBackend(placeOf(rig), "producer", silent);
  const register = backend.openRegister(rig.queuePrefix);
  let left = "";
  const isEmpty = async (): Promise<boolean> => {
    // It may be a worker's turn to sweep, which does the same.
    const { ran, ...found } = await register.sweep();
    const { jobs, bytes } = await register.load();
    left = JSON.stringify({ ...found, jobs, bytes });
    return ran && found.released + found.orphanPayloads + found.adopted === 0 && jobs === 0 && bytes === 0;
  };
  try {
    await waitUntil(isEmpty, { what: "the register is empty", timeoutMs: 30_000 });
    return [];
  } catch {
    return [`left behind in an empty queue: ${left}`];
  } finally {
    await backend.close();
  }
}
