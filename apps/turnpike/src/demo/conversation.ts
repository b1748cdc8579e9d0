/**
 * The bundled conversation: a coding agent mends a failing test, its user goes back and asks for something else (a
 * fork), and a sub-agent of another provider reviews the change. One turn is posted twice, as a harness that retries would.
 */
import { anthropicTurn, openAiTurn, type DemoTurn } from "./turn-bodies.ts";

/** The main session, by the id that its harness gives it. */
export const MAIN_SESSION = "demo-checkout-fix";

/** The session of the reviewer that the main one called. */
export const REVIEW_SESSION = "demo-checkout-review";

const ask = {
  role: "user",
  content: "The checkout test fails since this morning. Find out why and mend it.",
};
const runTests = {
  role: "assistant",
  content: [
    { type: "text", text: "I'll run the test first to see how it fails." },
    { type: "tool_use", id: "toolu_run", name: "Bash", input: { command: "npm test -- checkout" } },
  ],
};
const testOutput = {
  role: "user",
  content: [
    {
      type: "tool_result",
      tool_use_id: "toolu_run",
      is_error: true,
      content: "FAIL checkout.test.ts\n  expected 1999 to be 2000\n  at totals.ts:14",
    },
  ],
};
const readFile = {
  role: "assistant",
  content: [
    {
      type: "thinking",
      thinking: "One cent short: the total is rounded per line, not once.",
      signature: "demo",
    },
    { type: "text", text: "A cent is lost. Let me read how the total is rounded." },
    {
      type: "tool_use",
      id: "toolu_read",
      name: "Read",
      input: { file_path: "src/totals.ts", offset: 1, limit: 40 },
    },
  ],
};
const fileContent = {
  role: "user",
  content: [
    {
      type: "tool_result",
      tool_use_id: "toolu_read",
      content:
        "export const total = (lines: Line[]) =>\n  lines.reduce((sum, line) => sum + Math.floor(line.cents), 0);",
    },
  ],
};
const mend = {
  role: "assistant",
  content: [
    {
      type: "text",
      text: "`Math.floor` runs on every line, so fractions are lost. I'll round the sum once.",
    },
    {
      type: "tool_use",
      id: "toolu_edit",
      name: "Edit",
      input: { file_path: "src/totals.ts", old_string: "Math.floor(line.cents)", new_string: "line.cents" },
    },
  ],
};
const edited = {
  role: "user",
  content: [{ type: "tool_result", tool_use_id: "toolu_edit", content: "src/totals.ts was changed." }],
};
const done = {
  role: "assistant",
  content: [{ type: "text", text: "Mended: the sum is rounded once, and the checkout test passes. ✅" }],
};
const forkAsk = {
  role: "user",
  content: "Wait: don't change the code yet. Only explain, in one sentence, what is wrong.",
};
const explain = {
  role: "assistant",
  content: [
    { type: "text", text: "Each line is rounded down before the sum, so fractions of a cent are lost." },
  ],
};

const reviewAsk = {
  role: "user",
  content: "Review this diff: -Math.floor(line.cents) +line.cents. 请检查四舍五入。",
};

const main = { harness: "claude", session: MAIN_SESSION, name: "Mend the checkout test" };
const review = { harness: "codex", session: REVIEW_SESSION, name: "Review of the checkout fix" };

const second = anthropicTurn(
  { ...main, at: "09:00:07", seconds: 4.2, input: 1_480, cached: 1_210, output: 96 },
  [ask, runTests, testOutput, readFile],
);

/** The turns in the order in which they are posted; the second one comes twice. */
export const demoTurns: readonly DemoTurn[] = [
  anthropicTurn({ ...main, at: "09:00:00", seconds: 2.9, input: 1_210, written: 1_200, output: 61 }, [
    ask,
    runTests,
  ]),
  second,
  second,
  anthropicTurn({ ...main, at: "09:00:16", seconds: 5.1, input: 1_702, cached: 1_480, output: 118 }, [
    ask,
    runTests,
    testOutput,
    readFile,
    fileContent,
    mend,
  ]),
  anthropicTurn({ ...main, at: "09:00:24", seconds: 2.2, input: 1_890, cached: 1_702, output: 34 }, [
    ask,
    runTests,
    testOutput,
    readFile,
    fileContent,
    mend,
    edited,
    done,
  ]),
  anthropicTurn({ ...main, at: "09:01:10", seconds: 1.8, input: 1_530, cached: 1_480, output: 27 }, [
    ask,
    runTests,
    testOutput,
    readFile,
    { role: "user", content: [...fileContent.content, { type: "text", text: forkAsk.content }] },
    explain,
  ]),
  openAiTurn(
    {
      ...review,
      parent: { harness: main.harness, session: MAIN_SESSION },
      at: "09:00:31",
      seconds: 3.3,
      input: 420,
      cached: 0,
      output: 44,
    },
    [reviewAsk],
    "Sound: summing exact cents and rounding once keeps the total right. 可以合并。",
  ),
];
