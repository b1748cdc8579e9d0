import { randomUUID } from "node:crypto";
import { AppError } from "@turnpike/domain/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";
import { ask, createTestTimeline, problem } from "./timeline-fixture.ts";

const fixture = useStore();
const org = randomUUID();
let timeline: ReturnType<typeof createTestTimeline>;
// What the queue does when it is asked.
let inQueue: () => Promise<undefined> = () => Promise.resolve(undefined);

beforeAll(() => {
  timeline = createTestTimeline({ url: fixture.url, queue: { findReceipt: () => inQueue() } });
});

afterAll(() => timeline.close());

const read = (receipt: string) => ask(timeline.app, `/v1/receipts/${receipt}`, org);

describe("GET /v1/receipts/{receipt}", () => {
  it.each(["x", "123", "%00", `${randomUUID()}0`])("refuses %s, which is no UUID", async (receipt) => {
    const { body } = await read(receipt);
    expect(body).toMatchObject({ ...problem(400, "invalid_query"), detail: "receipt: is not a valid UUID" });
  });

  it("of a turn that is stored while it is looked for in the queue is found", async () => {
    const turn = prepare(turnBody({ org }));
    inQueue = async () => {
      await fixture.store.ingestTurns([turn]);
      return undefined;
    };
    expect((await read(turn.receipt)).body).toMatchObject({ state: "stored" });
  });

  it("of a stored turn is found without the queue, of any other the queue is missed", async () => {
    const turn = prepare(turnBody({ org, answer: "other" }));
    await fixture.store.ingestTurns([turn]);
    inQueue = () => Promise.reject(new AppError("queue_unavailable", "connect ECONNREFUSED 10.0.0.7:6379"));
    expect((await read(turn.receipt)).status).toBe(200);
    const missed = await read(randomUUID());
    expect(missed.body).toMatchObject(problem(503, "queue_unavailable"));
    expect(missed.headers.get("retry-after")).toBe("5");
    expect(JSON.stringify(missed.body)).not.toContain("10.0.0.7");
  });
});
