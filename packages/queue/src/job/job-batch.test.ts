import { describe, expect, it } from "vitest";
import type { PlacedJob } from "./queued-job.ts";
import { INGEST_EVENTS, INGEST_TURN, jobIdOf } from "./payload.ts";
import {
  INGEST_TURNS,
  isParcelId,
  isWholeParcel,
  packParcels,
  sendAlone,
  toJobAlone,
  unpackParcel,
} from "./job-batch.ts";

const ORGS = ["3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11", "9b1e5d7a-0f4e-4c11-8f1c-9d527a444c0e"] as const;

let receipts = 0;
function jobOf(wish: Partial<PlacedJob> & { readonly orgId?: string } = {}): PlacedJob {
  receipts += 1;
  const receipt = `0199f7a2-6c7e-7cc3-98c4-${String(receipts).padStart(12, "0")}`;
  const orgId = wish.orgId ?? ORGS[0];
  return {
    jobId: jobIdOf(orgId, receipt),
    orgId,
    name: INGEST_TURN,
    data: { v: 3, receipt, orgId, bytes: 10 },
    payload: Buffer.from("{}"),
    bytes: 10,
    acceptedMs: receipts,
    priority: 0,
    ...wish,
  };
}
const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_unused, at) => make(at));
const carriedBy = (jobs: readonly PlacedJob[]): string[][] =>
  packParcels(jobs).map(({ turns }) => turns.map(({ jobId }) => jobId));

describe("parcels", () => {
  it("carry turns of one org and one priority, in their order", () => {
    const [a, b, c, d, e] = [
      jobOf(),
      jobOf({ orgId: ORGS[1] }),
      jobOf(),
      jobOf({ priority: 2 }),
      jobOf({ orgId: ORGS[1] }),
    ] as const;
    expect(carriedBy([a, b, c, d, e])).toEqual([[a.jobId, c.jobId], [b.jobId, e.jobId], [d.jobId]]);
  });

  it("are not made of one turn, nor of posts of events", () => {
    const jobs = [jobOf(), jobOf({ name: INGEST_EVENTS }), jobOf({ name: INGEST_EVENTS })];
    expect(packParcels(jobs)).toEqual(jobs.map(sendAlone));
  });

  it("carry 16 turns and half a megabyte at most, of bodies of two megabytes", () => {
    expect(carriedBy(times(35, () => jobOf())).map(({ length }) => length)).toEqual([16, 16, 3]);
    const large = times(4, () => jobOf({ bytes: 200_000 }));
    expect(carriedBy(large).map(({ length }) => length)).toEqual([2, 2]);
    expect(carriedBy(times(2, () => jobOf({ bytes: 9_000_000 })))).toHaveLength(2);
    const share = { listId: "", lastPart: 0, at: 0, part: undefined, encoding: "identity" } as const;
    const sharing = times(4, () => {
      const job = jobOf();
      return { ...job, data: { ...(job.data as object), bytes: 700_000 }, share };
    });
    expect(carriedBy(sharing).map(({ length }) => length)).toEqual([2, 2]);
  });

  it("are unpacked to the jobs that their turns would be", () => {
    const jobs = times(3, () => jobOf());
    const [parcel] = packParcels(jobs);
    expect(parcel).toMatchObject({ name: INGEST_TURNS, orgId: ORGS[0], bytes: 30, payload: undefined });
    expect(isParcelId(parcel?.jobId ?? "")).toBe(true);
    expect(jobs.some(({ jobId }) => isParcelId(jobId))).toBe(false);
    const carried = unpackParcel({ name: INGEST_TURNS, data: JSON.parse(JSON.stringify(parcel?.data)) });
    expect(carried).toEqual(jobs.map(({ jobId: id, name, data }) => ({ id, name, data })));
    const [first] = carried ?? [];
    expect(first && toJobAlone(first, { priority: 4, timestamp: 7 })).toMatchObject({
      jobId: jobs[0]?.jobId,
      orgId: ORGS[0],
      bytes: 10,
      priority: 4,
      acceptedMs: 7,
    });
  });

  it("are told from other jobs by their name, and give what can be read of them", () => {
    expect(unpackParcel({ name: INGEST_TURN, data: {} })).toBeUndefined();
    const [one] = times(1, () => jobOf());
    const data = { v: 9, turns: [one?.data, { receipt: "x" }, null] };
    expect(unpackParcel({ name: INGEST_TURNS, data })?.map(({ id }) => id)).toEqual([one?.jobId]);
    expect(isWholeParcel(data)).toBe(false);
    expect(isWholeParcel({ v: 1, turns: [one?.data] })).toBe(true);
    for (const none of [undefined, {}, { v: 1, turns: [] }, { v: 1, turns: [{ receipt: "x" }] }, { v: 2 }]) {
      expect(unpackParcel({ name: INGEST_TURNS, data: none })).toEqual([]);
      expect(isWholeParcel(none)).toBe(false);
    }
  });
});
