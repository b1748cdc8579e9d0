/** The register of a test's queue, and what it knows as one value. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Log } from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { openBackend } from "@turnpike/queue/backend/open-backend";
import type { Register } from "@turnpike/queue/backend/ledger";
import { afterEach } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn } from "./queue-fixture.ts";

const silent: Log = { info() {}, warn() {}, error() {} };

/** Open registers that are closed after the test. */
export function useRegisters(): (location: QueueLocation) => Promise<Register> {
  const closes: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closes.splice(0).map((close) => close()));
  });
  return async (location) => {
    const backend = await openBackend(location, "producer", silent);
    closes.push(() => backend.close());
    return backend.openRegister(location.prefix);
  };
}

/** What a register knows of one org. */
export async function readBook(register: Register, orgId: string) {
  const [snapshot, load] = await Promise.all([register.snapshot(), register.load()]);
  const { jobs = 0, bytes = 0 } = load.byOrg.get(orgId) ?? {};
  return {
    accepted: snapshot.acceptedByOrg.get(orgId) ?? 0,
    inFlight: snapshot.jobIds.filter((id) => id.startsWith(orgId)).length,
    jobs,
    bytes,
  };
}

/** Make a turn whose body lies beside the queue. */
export function largeTurn(
  orgId: string = randomUUID(),
  sizeBytes = 600_000,
): ReturnType<typeof acceptedTurn> {
  return acceptedTurn(JSON.stringify({ text: randomBytes((sizeBytes * 3) / 4).toString("base64") }), orgId);
}

/** Wait until nothing of an org is in flight. */
export function untilEmpty(register: Register, orgId: string): Promise<unknown> {
  return waitUntil(async () => (await readBook(register, orgId)).jobs === 0, {
    what: "nothing is in flight",
  });
}
