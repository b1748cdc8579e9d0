import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BodyHistory, createBodyHistory } from "./body-history.ts";
import { decodeUtf8 } from "./decode-utf8.ts";

const PLENTY = { maxBytes: 64 * 2 ** 20 };

const message = (text: string, role = "user"): object => ({ role, content: [{ type: "text", text }] });
const talk = (count: number, seed = "a"): object[] =>
  Array.from({ length: count }, (_unused, at) => message(`${seed} ${at} `.repeat(150)));
const bodyOf = (messages: readonly unknown[], { name = "messages", session = "s-1" } = {}): string =>
  JSON.stringify({
    provider: "anthropic",
    request: { model: "m", [name]: messages, system: "be brief", padding: "p".repeat(4_096) },
    response: { message: message(`answer to ${messages.length}`) },
    session: { harness_session_id: session },
  });

type Parsed = { request: { messages: object[]; input: object[] } };
const parse = (history: BodyHistory, text: string): Parsed => history.parse(Buffer.from(text)) as Parsed;

/** What `parse` gives or throws. */
function attempt(parseIt: () => unknown): { value: unknown } | "refused" {
  try {
    return { value: parseIt() };
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return "refused";
  }
}

function expectLikePlain(history: BodyHistory, bytes: Buffer): void {
  const plain = attempt(() => JSON.parse(decodeUtf8(bytes)));
  expect(attempt(() => history.parse(bytes))).toEqual(plain);
}

// Values whose text could be read on into the next byte are among them.
const item = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 80 }).map((text) => message(text)) },
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(1, -0.5, 1e9, true, null, "", '"\\', [], {}, [[[]]]),
);

interface Draft {
  readonly items: readonly unknown[];
  readonly indent: number;
  readonly name: string;
  readonly session: string;
  readonly cut: { readonly at: number; readonly bytes: number; readonly put: string } | undefined;
}

const draft = fc.record<Draft>({
  items: fc.array(item, { maxLength: 8 }),
  indent: fc.constantFrom(0, 0, 0, 2),
  name: fc.constantFrom("messages", "messages", "input"),
  session: fc.constantFrom("s-1", "s-2"),
  cut: fc.option(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      bytes: fc.integer({ min: 0, max: 3 }),
      put: fc.constantFrom(
        "",
        "]",
        "[",
        ",",
        '"',
        "}",
        "\\",
        "1",
        ".5",
        " ",
        '"messages":[],',
        '"request":{},',
      ),
    }),
    { nil: undefined, freq: 3 },
  ),
});

/** As JSON, after whatever was said before, and perhaps damaged among the messages. */
function write({ indent, name, session, cut, items }: Draft, before: readonly unknown[]): Buffer {
  const all = [...before, ...items];
  const whole = {
    request: { model: "m", [name]: all, more: "x".repeat(4_096) },
    session: { harness_session_id: session },
  };
  const bytes = Buffer.from(JSON.stringify(whole, undefined, indent));
  if (cut === undefined) return bytes;
  const at = Math.floor(cut.at * (bytes.length - 4_200));
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(cut.put), bytes.subarray(at + cut.bytes)]);
}

describe("a history of bodies", () => {
  it("parses whatever comes as JSON.parse does, or refuses it as JSON.parse does", () => {
    const bodies = fc.array(fc.record({ draft, goesOn: fc.boolean() }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(bodies, (steps) => {
        const history = createBodyHistory(PLENTY);
        let said: readonly unknown[] = [];
        for (const step of steps) {
          if (!step.goesOn) said = [];
          expectLikePlain(history, write(step.draft, said));
          said = [...said, ...step.draft.items];
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(["messages", "input"] as const)("hands out the same objects for %s that come again", (name) => {
    const history = createBodyHistory(PLENTY);
    const first = parse(history, bodyOf(talk(10), { name })).request[name];
    const second = parse(history, bodyOf(talk(12), { name })).request[name];
    expect(second).toEqual(talk(12));
    expect(second.slice(0, 10).every((each, at) => each === first[at])).toBe(true);
  });

  it("shares what a changed body still has in common, and keeps what it leaves early", () => {
    const history = createBodyHistory(PLENTY);
    const first = parse(history, bodyOf(talk(10))).request.messages;
    const changed = [...talk(9), message("another end"), ...talk(2, "b")];
    const second = parse(history, bodyOf(changed)).request.messages;
    expect(second).toEqual(changed);
    expect(second.filter((each, at) => each === first[at])).toHaveLength(9);
    const fork = [...talk(2), ...talk(3, "fork")];
    expect(parse(history, bodyOf(fork)).request.messages).toEqual(fork);
    const third = parse(history, bodyOf([...changed, message("on")])).request.messages;
    expect(third.filter((each, at) => each === second[at])).toHaveLength(12);
  });

  it("keeps the longer conversation when an earlier turn of it comes late", () => {
    const history = createBodyHistory(PLENTY);
    const long = parse(history, bodyOf(talk(10))).request.messages;
    expect(parse(history, bodyOf(talk(8))).request.messages).toEqual(talk(8));
    expect(
      parse(history, bodyOf(talk(11))).request.messages.filter((each, at) => each === long[at]),
    ).toHaveLength(10);
  });

  it.each([
    ["1", "1.5"],
    ["1", "12"],
    ["true", "trueish"],
    ['"a"', '"a""b"'],
  ])("is not misled by an item %s that goes on: %s", (before, after) => {
    const history = createBodyHistory(PLENTY);
    const write = (last: string): Buffer =>
      Buffer.from(
        `{"request":{"messages":[${JSON.stringify("x".repeat(5_000))},${last}]},"session":{"harness_session_id":"s-1"}}`,
      );
    for (const last of [before, after, `${after},2`, before]) expectLikePlain(history, write(last));
  });

  it("shares messages also when what stands before them has changed", () => {
    const history = createBodyHistory(PLENTY);
    const first = parse(history, bodyOf(talk(10))).request.messages;
    for (const model of ["n", "a longer name"]) {
      const text = bodyOf(talk(10)).replace('"model":"m"', `"model":"${model}"`);
      const parsed = parse(history, text);
      expect(parsed).toEqual(JSON.parse(text));
      expect(parsed.request.messages.every((each, at) => each === first[at])).toBe(true);
    }
  });

  it("parses a body that is shorter than what is known of its session", () => {
    const history = createBodyHistory(PLENTY);
    parse(history, bodyOf(talk(100)));
    const padding = "p".repeat(4_096);
    const session = { harness_session_id: "s-1" };
    const short = JSON.stringify({ padding, session, request: { messages: talk(2) } });
    expect(parse(history, short)).toEqual(JSON.parse(short));
  });

  it("is not misled by a list that another of the same name replaces", () => {
    const history = createBodyHistory(PLENTY);
    const twice = (inner: string): string =>
      `{"request":{"messages":${JSON.stringify(talk(12))},${inner}},"session":{"harness_session_id":"s-1"}}`;
    for (const inner of ['"messages":[{"role":"forged"}]', '"a":1', '"input":[1]'])
      expectLikePlain(history, Buffer.from(twice(inner)));
    const replaced = `{"request":{"messages":${JSON.stringify(talk(12))}},"request":{"messages":[7]},"session":{"harness_session_id":"s-1"}}`;
    expectLikePlain(history, Buffer.from(replaced));
    expect(parse(history, bodyOf(talk(12))).request.messages).toEqual(talk(12));
  });

  it("forgets the session that was not asked for longest", () => {
    const size = JSON.stringify(talk(40)).length;
    const history = createBodyHistory({ maxBytes: 2 * 3.5 * size });
    const ask = (session: string): object | undefined =>
      parse(history, bodyOf(talk(40), { session })).request.messages[0];
    const [first, second] = [ask("s-1"), ask("s-2")];
    expect(ask("s-1")).toBe(first);
    for (const session of ["s-3", "s-4"]) ask(session);
    expect(ask("s-1")).toBe(first);
    expect(ask("s-2")).not.toBe(second);
  });

  it("keeps nothing of a body without a session, nor of short ones", () => {
    const history = createBodyHistory(PLENTY);
    const loose = bodyOf(talk(10)).replace("harness_session_id", "another");
    expect(parse(history, loose).request.messages[0]).not.toBe(parse(history, loose).request.messages[0]);
    const short = '{"request":{"messages":[{}]},"session":{"harness_session_id":"s"}}';
    expect(parse(history, short).request.messages[0]).not.toBe(parse(history, short).request.messages[0]);
  });
});
