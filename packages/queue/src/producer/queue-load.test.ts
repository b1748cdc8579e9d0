import { describe, expect, it } from "vitest";
import { createLoadBook } from "./queue-load.ts";
import type { RegisteredLoad } from "../backend/ledger.ts";

const one = (jobs: number) => new Map([["a", { jobs, bytes: jobs * 10 }]]);
const load = (jobs: number): RegisteredLoad => ({
  jobs,
  bytes: jobs * 10,
  byOrg: one(jobs),
  memory: undefined,
});

function createBook() {
  let clock = 0;
  const answers: ((load: RegisteredLoad) => void)[] = [];
  const book = createLoadBook(
    () => new Promise((resolve) => answers.push(resolve)),
    () => clock,
  );
  return { book, answers, pass: (ms: number) => void (clock += ms) };
}

describe("what a producer knows of the load", () => {
  it("is asked for once by all who wait, and then not for a quarter of a second", async () => {
    const { book, answers, pass } = createBook();
    const waiting = [book.refresh(), book.refresh()];
    answers[0]?.(load(3));
    await Promise.all(waiting);
    pass(250);
    await book.refresh();
    expect(answers).toHaveLength(1);
    pass(1);
    void book.refresh();
    expect(answers).toHaveLength(2);
    expect(book.current()).toMatchObject({ jobs: 3, bytes: 30 });
  });

  it("includes what is being put in and what is in since it was asked for, and nothing that failed", async () => {
    const { book, answers, pass } = createBook();
    const endSeen = book.begin(one(1));
    endSeen(true);
    const endLate = book.begin(one(2));
    const asked = book.refresh();
    const endSince = book.begin(one(4));
    endSince(true);
    const endFailed = book.begin(one(8));
    endFailed(false);
    answers[0]?.(load(1));
    await asked;
    // The first of them is in the answer; of the second and the third nobody knows.
    expect(book.current().of("a").jobs).toBe(1 + 2 + 4);
    endLate(true);
    pass(251);
    const again = book.refresh();
    answers[1]?.(load(7));
    await again;
    expect(book.current().of("a")).toEqual({ jobs: 7, bytes: 70 });
    expect(book.current()).toMatchObject({ jobs: 7, bytes: 70 });
  });

  it("serves for a few seconds when the register is late or fails, and no longer", async () => {
    let clock = 0;
    const answers = [Promise.resolve(load(3)), new Promise<RegisteredLoad>(() => {})];
    const late = createLoadBook(
      () => answers.shift() ?? Promise.reject(new Error("away")),
      () => clock,
    );
    await late.refresh();
    clock = 5_000;
    await late.refresh();
    expect(late.current().jobs).toBe(3);

    const failing = createLoadBook(
      () => (clock === 5_000 ? Promise.resolve(load(4)) : Promise.reject(new Error("away"))),
      () => clock,
    );
    await failing.refresh();
    clock = 10_000;
    await failing.refresh();
    expect(failing.current().jobs).toBe(4);
    clock = 10_001;
    await expect(failing.refresh()).rejects.toThrow("away");
  });
});
