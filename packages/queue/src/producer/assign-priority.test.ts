import { describe, expect, it } from "vitest";
import { placeJobs } from "./assign-priority.ts";

const jobOf = (orgId: string) => ({
  jobId: `${orgId}_r`,
  orgId,
  name: "ingest-turn",
  data: {},
  payload: undefined,
  bytes: 1,
  acceptedMs: 0,
});

describe("the place of a job", () => {
  const placesOf = (backlog: number, count: number) =>
    placeJobs(
      Array.from({ length: count }, () => jobOf("a")),
      { of: () => ({ jobs: backlog, bytes: 0 }) },
    ).map(({ priority }) => priority);

  it("is in the plain list as long as its org has few jobs in the queue", () => {
    expect(placesOf(0, 2)).toEqual([0, 0]);
    expect(placesOf(62, 4)).toEqual([0, 0, 2, 2]);
  });

  it("is further behind the longer the backlog is, up to what BullMQ takes", () => {
    expect(placesOf(640, 1)).toEqual([11]);
    expect(placesOf(1e12, 1)).toEqual([2_097_151]);
  });

  it("does not depend on other orgs in the same batch", () => {
    const jobs = [...Array.from({ length: 200 }, () => jobOf("a")), jobOf("b")];
    expect(placeJobs(jobs, { of: () => ({ jobs: 0, bytes: 0 }) }).at(-1)?.priority).toBe(0);
  });
});
