import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Message } from "../providers/block.ts";
import { type BodyHistory, createBodyHistory } from "./conversation-cache.ts";
import { decodeUtf8 } from "../json/decode-utf8.ts";
import { isKnown } from "../providers/request-messages.ts";
import { readTurnBody, type Turn } from "../turn/turn-body.ts";

const PLENTY = { maxBytes: 64 * 2 ** 20 };

const ORG_A = "a1a1a1a1-1111-4111-8111-111111111111";
const ORG_B = "b2b2b2b2-2222-4222-8222-222222222222";

const message = (text: string, role = "user"): object => ({ role, content: [{ type: "text", text }] });
const talk = (count: number, seed = "a"): object[] =>
  Array.from({ length: count }, (_unused, at) => message(`${seed} ${at} `.repeat(150)));
const bodyOf = (
  messages: readonly unknown[],
  { name = "messages", session = "s-1", provider = "", org = "" } = {},
): string =>
  JSON.stringify({
    provider: provider || (name === "input" ? "openai" : "anthropic"),
    request: { model: "m", [name]: messages, system: "be brief", padding: "p".repeat(4_096) },
    response: { message: message(`answer to ${messages.length}`, "assistant") },
    session: { ...(org !== "" && { org_id: org }), harness_session_id: session },
  });

/** Read a turn, and remember its messages as whoever hashes them would. */
function read(history: BodyHistory, body: string | Buffer): Turn {
  const parsed = history.parse(Buffer.from(body));
  const turn = readTurnBody(parsed.body);
  parsed.remember(turn.messages.map(({ role }, at) => ({ role, hash: `hash ${at}` })));
  return turn;
}

function readPlain(body: string | Buffer): Turn {
  return readTurnBody(JSON.parse(decodeUtf8(Buffer.from(body))));
}

const countKnown = ({ messages }: Turn): number => messages.filter(isKnown).length;

const plainly = (turn: Turn): object => ({
  ...turn,
  messages: turn.messages.map(({ role, content }: Message) => ({ role, content })),
});

/** What reading gives, or how it refuses. */
function attempt(readIt: () => Turn): object {
  try {
    return plainly(readIt());
  } catch (error) {
    return error instanceof SyntaxError ? { refused: "no JSON" } : { refused: String(error) };
  }
}

function expectLikePlain(history: BodyHistory, body: string | Buffer): object {
  const seen = attempt(() => read(history, body));
  expect(seen).toEqual(attempt(() => readPlain(body)));
  return seen;
}

const text = fc.string({ unit: "grapheme", maxLength: 80 });
// Values whose text could be read on into the next byte are among them, and some that no provider takes.
const item = fc.oneof(
  { weight: 12, arbitrary: text.map((said) => message(said)) },
  {
    weight: 4,
    arbitrary: text.map((said) => ({ type: "function_call_output", call_id: "c", output: said })),
  },
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(1, -0.5, 1e9, true, null, "", '"\\', [], {}, [[[]]]),
);

interface Draft {
  readonly items: readonly unknown[];
  readonly indent: number;
  readonly name: string;
  readonly provider: string;
  readonly session: string;
  readonly org: string | undefined;
  readonly cut: { readonly at: number; readonly bytes: number; readonly put: string } | undefined;
}

const draft = fc.record<Draft>({
  items: fc.array(item, { maxLength: 5 }),
  indent: fc.constantFrom(0, 0, 0, 2),
  name: fc.constantFrom("messages", "messages", "input"),
  provider: fc.constantFrom("anthropic", "openai", "openai", "ollama", "none"),
  session: fc.constantFrom("s-1", "s-2"),
  org: fc.constantFrom(ORG_A, ORG_A, ORG_B, ORG_A.toUpperCase(), undefined, "no org"),
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
function write(
  { indent, name, provider, session, org, cut, items }: Draft,
  before: readonly unknown[],
): Buffer {
  const whole = {
    provider,
    request: { model: "m", [name]: [...before, ...items], more: "x".repeat(4_096) },
    response: { message: message("answer", "assistant") },
    session: { harness_session_id: session, org_id: org },
  };
  const bytes = Buffer.from(JSON.stringify(whole, undefined, indent));
  if (cut === undefined) return bytes;
  const at = Math.floor(cut.at * (bytes.length - 4_300));
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(cut.put), bytes.subarray(at + cut.bytes)]);
}

describe("a history of bodies", () => {
  it("reads whatever comes as it reads without one, or refuses it with the same words", () => {
    const bodies = fc.array(fc.record({ draft, goesOn: fc.boolean() }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(bodies, (steps) => {
        const history = createBodyHistory(PLENTY);
        let said: readonly unknown[] = [];
        for (const step of steps) {
          if (!step.goesOn) said = [];
          const seen = expectLikePlain(history, write(step.draft, said));
          if (!("refused" in seen)) said = [...said, ...step.draft.items];
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(["messages", "input"])("knows %s that come again, with their hashes", (name) => {
    const history = createBodyHistory(PLENTY);
    expect(countKnown(read(history, bodyOf(talk(10), { name })))).toBe(0);
    const again = read(history, bodyOf(talk(12), { name }));
    expect(plainly(again)).toEqual(readPlain(bodyOf(talk(12), { name })));
    expect(countKnown(again)).toBe(10);
    const known = again.messages.filter(isKnown).map(({ hash, parentHash }) => [hash, parentHash]);
    expect(known.slice(0, 2)).toEqual([
      ["hash 0", null],
      ["hash 1", "hash 0"],
    ]);
    expect(countKnown(read(history, bodyOf(talk(12), { name })))).toBe(12);
  });

  it("knows of an org's sessions nothing when another sends the same, whatever it says beside it", () => {
    const history = createBodyHistory(PLENTY);
    expect(countKnown(read(history, bodyOf(talk(10), { org: ORG_A })))).toBe(0);
    const own = `"session":{"org_id":"${ORG_B}","harness_session_id":"s-1"}`;
    const claim = `{"org_id":"${ORG_A}","harness_session_id":"s-1"}`;
    const ofB = bodyOf(talk(10), { org: ORG_B });
    expect(ofB).toContain(own);
    const bodies = [
      ofB,
      bodyOf(talk(10)),
      bodyOf(talk(10), { org: ORG_B.toUpperCase() }),
      ofB.replace(own, `"session":${claim},${own}`),
      ofB.replace(own, `${own},"other":${claim}`),
      ofB.replace(own, own.replace("{", `{"org_id":"${ORG_A}",`)),
      ofB.replace('"response"', `"org_id":"${ORG_A}","response"`),
    ];
    for (const body of bodies) {
      const parsed = history.parse(Buffer.from(body));
      expect(countKnown(readTurnBody(parsed.body))).toBe(0);
    }
    expect(countKnown(read(history, bodyOf(talk(10), { org: ORG_A.toUpperCase() })))).toBe(10);
  });

  it("parses as much of a body whether another org has sent the same or nobody", () => {
    const history = createBodyHistory(PLENTY);
    const parsedChars = (body: string): number => {
      const parse = vi.spyOn(JSON, "parse");
      history.parse(Buffer.from(body));
      const chars = parse.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
      parse.mockRestore();
      return chars;
    };
    const ofB = bodyOf(talk(10), { org: ORG_B });
    const before = parsedChars(ofB);
    read(history, bodyOf(talk(10), { org: ORG_A }));
    expect(parsedChars(ofB)).toBe(before);
    expect(parsedChars(bodyOf(talk(10), { org: ORG_A }))).toBeLessThan(before / 2);
  });

  it.each([
    [`${"[".repeat(520)}${"]".repeat(520)}`, "nested deeper than 520 levels"],
    [`[${"0,".repeat(1_000_000)}0]`, "more than 1000000 values"],
  ])("refuses what is beyond the bounds, among the messages and beside them", (bomb, excess) => {
    const history = createBodyHistory(PLENTY);
    read(history, bodyOf(talk(10)));
    const body = bodyOf(talk(12));
    for (const place of ['"system"', '"type":"text","text":"a 11'])
      expect(() => history.parse(Buffer.from(body.replace(place, `"x":${bomb},${place}`)))).toThrow(
        `invalid envelope: body: ${excess}`,
      );
    expect(countKnown(read(history, body))).toBe(10);
  });

  it("reads a known message only when its content is asked for, and then from the body that it came with", () => {
    const history = createBodyHistory(PLENTY);
    read(history, bodyOf(talk(2)));
    const bytes = Buffer.from(bodyOf(talk(3)));
    const [first, second] = readTurnBody(history.parse(bytes).body).messages;
    bytes.write("A 0", bytes.indexOf("a 0"));
    expect(first?.content[0]?.text).toMatch(/^A 0 a 0 /);
    expect(second?.content[0]?.text).toMatch(/^a 1 a 1 /);
  });

  it("knows what a changed body still has in common, and keeps what it leaves early", () => {
    const history = createBodyHistory(PLENTY);
    const changed = [...talk(9), message("another end"), ...talk(2, "b")];
    const fork = [...talk(2), ...talk(3, "fork")];
    const bodies = [talk(10), changed, fork, [...changed, message("on")], talk(10)].map((each) =>
      bodyOf(each),
    );
    const counts = bodies.map((body) => countKnown(read(history, body)));
    expect(counts).toEqual([0, 9, 2, 12, 9]);
    for (const body of bodies) expectLikePlain(history, body);
  });

  it("keeps the longer conversation when an earlier turn of it comes late", () => {
    const history = createBodyHistory(PLENTY);
    const counts = [10, 8, 11].map((length) => countKnown(read(history, bodyOf(talk(length)))));
    expect(counts).toEqual([0, 8, 10]);
  });

  it("knows nothing of a body that was refused", () => {
    const history = createBodyHistory(PLENTY);
    const broken = bodyOf([...talk(10), 7]);
    for (const _try of [1, 2])
      expect(() => read(history, broken)).toThrow("messages[10]: expected an object");
    expect(countKnown(read(history, bodyOf(talk(10))))).toBe(0);
    expect(() => read(history, broken)).toThrow("messages[10]: expected an object");
  });

  it("knows nothing of what the same bytes were to another provider", () => {
    const history = createBodyHistory(PLENTY);
    const calls = { role: "user", content: "hi", tool_calls: [{ function: { name: "f", arguments: "{}" } }] };
    for (const provider of ["anthropic", "openai", "ollama", "anthropic", "openai"])
      expectLikePlain(history, bodyOf([...talk(4), calls], { provider }));
    expect(countKnown(read(history, bodyOf([...talk(4), calls], { provider: "openai" })))).toBe(5);
  });

  it.each([
    ["1", "1.5"],
    ["1", "12"],
    ["true", "trueish"],
    ['"a"', '"a""b"'],
  ])("is not misled by an item %s that goes on: %s", (before, after) => {
    const history = createBodyHistory(PLENTY);
    const list = (last: string): string =>
      bodyOf(talk(3), { name: "input" }).replace('],"system"', `,${last}],"system"`);
    for (const last of [before, after, `${after},2`, before]) expectLikePlain(history, list(last));
  });

  it("knows messages also when what stands before them has changed", () => {
    const history = createBodyHistory(PLENTY);
    read(history, bodyOf(talk(10)));
    for (const model of ["n", "a longer name"]) {
      const body = bodyOf(talk(10)).replace('"model":"m"', `"model":"${model}"`);
      expectLikePlain(history, body);
      expect(countKnown(read(history, body))).toBe(10);
    }
  });

  it("reads a body that is shorter than what is known of its session", () => {
    const history = createBodyHistory(PLENTY);
    read(history, bodyOf(talk(100)));
    expectLikePlain(history, bodyOf(talk(2)));
    expectLikePlain(history, bodyOf([]));
  });

  it("is not misled by a list that another of the same name replaces", () => {
    const history = createBodyHistory(PLENTY);
    const body = bodyOf(talk(12));
    for (const inner of ['"messages":[{"role":"forged"}]', '"messages":[7]', '"a":1', '"input":[1]'])
      expectLikePlain(history, body.replace('"system"', `${inner},"system"`));
    expectLikePlain(history, body.replace('"response"', '"request":{"messages":[{"role":"r"}]},"response"'));
    expectLikePlain(history, body);
  });

  it("forgets the session that was not asked for longest", () => {
    const history = createBodyHistory({ maxBytes: 4.5 * 10_000 });
    const ask = (session: string): number => countKnown(read(history, bodyOf(talk(40), { session })));
    const asked = ["s-1", "s-2", "s-3", "s-4", "s-1", "s-5", "s-1", "s-2"];
    expect(asked.map(ask)).toEqual([0, 0, 0, 0, 40, 0, 40, 0]);
  });

  it("keeps nothing of a conversation that would push out all others", () => {
    const history = createBodyHistory({ maxBytes: 30_000 });
    const ask = (session: string, count: number): number =>
      countKnown(read(history, bodyOf(talk(count), { session })));
    expect([ask("s-1", 10), ask("s-2", 40), ask("s-2", 40), ask("s-1", 10)]).toEqual([0, 0, 0, 10]);
  });

  it("keeps a few conversations of one session, the latest", () => {
    const history = createBodyHistory(PLENTY);
    const ask = (seed: string): number => countKnown(read(history, bodyOf(talk(5, seed))));
    expect(["a", "b", "c", "d", "a", "e", "b", "a"].map(ask)).toEqual([0, 0, 0, 0, 5, 0, 0, 5]);
  });

  it("keeps nothing of a body without a session, nor of short ones", () => {
    const history = createBodyHistory(PLENTY);
    const loose = bodyOf(talk(10)).replace("harness_session_id", "another");
    const short = bodyOf(talk(2)).replace("p".repeat(4_096), "");
    for (const body of [loose, short])
      expect([1, 2].map(() => countKnown(read(history, body)))).toEqual([0, 0]);
  });

  it("keeps nothing of a list of which not every item is a message", () => {
    const history = createBodyHistory(PLENTY);
    const body = bodyOf([...talk(10), 7], { name: "input" });
    for (const _try of [1, 2]) expectLikePlain(history, body);
    expect(countKnown(read(history, body))).toBe(0);
  });

  it("tells where the messages lie, and what each of them ends, whether they are known or not", () => {
    const history = createBodyHistory(PLENTY);
    for (const count of [6, 9, 9, 3]) {
      const messages = talk(count, "ü");
      const body = Buffer.from(bodyOf(messages));
      const parsed = history.parse(body);
      const { start = 0, marks = [] } = parsed.remember(readTurnBody(parsed.body).messages) ?? {};
      const texts = messages.map((each) => JSON.stringify(each));
      const wanted = texts.map((_text, at) => Buffer.from(texts.slice(0, at + 1).join(",")));
      expect(marks.map(({ end }) => body.subarray(start, start + end))).toEqual(wanted);
      expect(marks.map(({ digest }) => digest)).toEqual(
        wanted.map((bytes) => createHash("sha256").update(bytes).digest("binary")),
      );
    }
    const loose = history.parse(Buffer.from("{}"));
    expect(loose.remember([])).toBeUndefined();
  });
});
