/** Jobs of other versions than the worker's own: of an older release, and of one that is still to come. */
import { deflateRawSync } from "node:zlib";
import { INGEST_TURN, jobIdOf } from "@turnpike/queue/job/payload";
import { v7 as uuidv7 } from "uuid";
import { waitUntil } from "../../support/wait-until.ts";
import type { Expectations } from "../load/expectations.ts";
import { createTalk } from "../load/talk.ts";
import type { Random } from "../rig/random.ts";
import type { Rig } from "../rig/rig.ts";
import { withRawQueue } from "../verify/queue-counts.ts";
import { type Fault, nothing } from "./fault.ts";

const OLD_TURNS = 3;

/** Old jobs are stored as ever, one that nobody can read becomes a dead letter. */
export const mixVersions: Fault = {
  name: "jobs of older and of unknown versions are in the queue",
  maxMs: 1_000,
  async begin(rig, random, expectations) {
    const orgId = random.pick(expectations.orgIds);
    await addOldTurns(rig, random, expectations, orgId);
    await addUnknown(rig, expectations, orgId);
    return nothing;
  },
};

async function addOldTurns(rig: Rig, random: Random, expectations: Expectations, orgId: string) {
  const session = `old-${random.between(0, 1e9)}`;
  const talk = createTalk(random.branch(session), { orgId, session, parent: undefined });
  for (let turn = 1; turn <= OLD_TURNS; turn += 1) {
    const body = talk.next();
    const expected = expectations.expectTurn(body);
    const encoded =
      turn === 1
        ? { encoding: "identity", body }
        : { encoding: "deflate", body: deflateRawSync(body).toString("base64") };
    const receipt = await addJob(rig, orgId, { v: 1, ...encoded }, () => {
      expected.unanswered += 1;
    });
    expected.receipts.push(receipt);
  }
}

async function addUnknown(rig: Rig, expectations: Expectations, orgId: string): Promise<void> {
  const job = { v: 99, shape: "of the future" };
  const receipt = await addJob(rig, orgId, job, () => expectations.expectMaybeDeath(orgId));
  expectations.expectDeath({ orgId, receipt });
}

/** Add a job, each time under a new receipt: of one that failed nobody knows whether it is in. */
async function addJob(rig: Rig, orgId: string, payload: object, onUnknown: () => void): Promise<string> {
  return waitUntil(
    async () => {
      const receipt = uuidv7();
      const data = { receipt, orgId, requestId: receipt, acceptedAt: new Date().toISOString(), ...payload };
      const options = { jobId: jobIdOf(orgId, receipt), attempts: 1_000_000, backoff: { type: "custom" } };
      try {
        await withRawQueue(rig, (queue) => queue.add(INGEST_TURN, data, options));
      } catch (error) {
        onUnknown();
        throw error;
      }
      return receipt;
    },
    { what: "the queue takes a job", timeoutMs: 60_000 },
  );
}
