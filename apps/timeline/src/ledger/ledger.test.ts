import { assert, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { drawUpLedger } from "./ledger.ts";

const ORG = "00000000-0000-0000-0000-000000000001";
const OTHER = "00000000-0000-0000-0000-000000000002";

const counts = (
  facts: Partial<Record<"before" | "stored" | "duplicate" | "deadLettered" | "inFlight" | "failed", number>>,
) => ({
  before: 0,
  stored: 0,
  duplicate: 0,
  deadLettered: 0,
  discarded: 0,
  inFlight: 0,
  failed: 0,
  ...facts,
});

function draw(acceptedBefore: number, acceptedAfter: number, facts: Parameters<typeof counts>[0]) {
  const [line] = drawUpLedger({
    acceptedBefore: new Map([[ORG, acceptedBefore]]),
    counts: new Map([[ORG, counts(facts)]]),
    acceptedAfter: new Map([[ORG, acceptedAfter]]),
  }).items;
  if (line === undefined) throw new Error("the org has no line");
  return line;
}

describe("the ledger", () => {
  it("has no difference when everything is somewhere", () => {
    const line = draw(10, 10, { stored: 4, duplicate: 3, deadLettered: 2, inFlight: 1 });
    expect(line).toMatchObject({ accepted: 10, difference: 0 });
  });

  it("shows what the queue gave up, which is in flight all the same", () => {
    const line = draw(3, 3, { stored: 1, inFlight: 2, failed: 2 });
    expect(line).toMatchObject({ accepted: 3, inFlight: 2, failed: 2, difference: 0 });
  });

  it("misses what is nowhere, whatever was accepted meanwhile", () => {
    expect(draw(10, 10, { stored: 9 })).toMatchObject({ accepted: 10, difference: 1 });
    expect(draw(10, 50, { stored: 9 })).toMatchObject({ accepted: 10, difference: 1 });
  });

  it("is explained by what was accepted and stored between the readings, and by no more", () => {
    expect(draw(10, 13, { stored: 12 })).toMatchObject({ accepted: 12, difference: 0 });
    expect(draw(10, 13, { stored: 13 })).toMatchObject({ accepted: 13, difference: 0 });
    expect(draw(10, 13, { stored: 15 })).toMatchObject({ accepted: 13, difference: -2 });
  });

  it("says so when the queue has forgotten what it accepted", () => {
    expect(draw(10, 0, { stored: 10 })).toMatchObject({ accepted: 10, difference: 0 });
    expect(draw(0, 0, { stored: 10 })).toMatchObject({ accepted: 0, difference: -10 });
  });

  it("counts as accepted what ended before it was kept", () => {
    expect(draw(2, 2, { before: 5, stored: 7 })).toMatchObject({ accepted: 7, difference: 0 });
  });

  it("of several orgs lets no difference hide another", () => {
    const { items, total } = drawUpLedger({
      acceptedBefore: new Map([[OTHER, 3]]),
      counts: new Map([[ORG, counts({ stored: 3 })]]),
      acceptedAfter: new Map([[OTHER, 3]]),
    });
    expect(items.map(({ orgId, difference }) => [orgId, difference])).toEqual([
      [ORG, -3],
      [OTHER, 3],
    ]);
    expect(total.difference).toBe(6);
  });

  it("always adds up, and sees a lost turn whatever happens while it is read", () => {
    const few = nat({ max: 50 });
    assert(
      property(few, few, few, few, nat({ max: 5 }), (ended, queued, endedSince, newOnes, lost) => {
        // Of the queued ones some end between the readings, and so do some of those that come meanwhile.
        const done = Math.min(queued, endedSince);
        const newlyDone = Math.min(newOnes, endedSince);
        const accepted = ended + queued + lost;
        const line = draw(accepted, accepted + newOnes, {
          stored: ended + done + newlyDone,
          inFlight: queued - done,
        });
        const { stored, duplicate, deadLettered, inFlight, difference } = line;
        expect(line.accepted).toBe(stored + duplicate + deadLettered + inFlight + difference);
        if (lost === 0) expect(difference).toBe(0);
        // What came and ended meanwhile may cover it, until the next reading.
        else expect(difference).toBe(Math.max(0, lost - newlyDone));
      }),
    );
  });
});
