import type { Command } from "commander";
import { demoTurns, MAIN_SESSION, REVIEW_SESSION } from "../demo/conversation.ts";
import { printTimeline } from "../demo/print-timeline.ts";
import { findSession, readTimeline, waitForReceipt } from "../demo/timeline-client.ts";
import { postTurn } from "../post-turn.ts";
import type { Env } from "../settings.ts";
import { addStartOptions, startAll, type StartOptions } from "./start.ts";

const DEFAULT_WIDTH = 120;

/** Add `turnpike demo`. */
export function addDemo(program: Command, env: Env): void {
  addStartOptions(program.command("demo"))
    .description("start everything, post a bundled conversation, print its timeline")
    .option("--once", "exit when the timeline is printed")
    .action(async (options: StartOptions & { once?: boolean }) => {
      const running = await startAll(options, env);
      const { ingestUrl, timelineUrl } = running;
      const outcomes = await postDemo(`${ingestUrl}/v1/ingest`, timelineUrl);
      const duplicates = outcomes.filter((outcome) => outcome === "duplicate").length;
      say(
        `${outcomes.length} turns posted: ${outcomes.length - duplicates} stored, ${duplicates} known already.\n`,
      );
      for (const harnessSessionId of [MAIN_SESSION, REVIEW_SESSION]) {
        const session = await findSession(timelineUrl, harnessSessionId);
        const events = await readTimeline(timelineUrl, session.id);
        say(printTimeline(session, events, process.stdout.columns ?? DEFAULT_WIDTH));
      }
      say(`post turns to    ${ingestUrl}/v1/ingest   (contract: ${ingestUrl}/docs)`);
      say(`read them from   ${timelineUrl}/v1/sessions   (contract: ${timelineUrl}/docs)`);
      if (options.once !== true) return say("Ctrl-C stops it.");
      await running.stop();
      process.exit(0);
    });
}

/** One after the other, so that the timeline reads as the conversation went; any order would be stored just as well. */
async function postDemo(ingestUrl: string, timelineUrl: string): Promise<string[]> {
  const outcomes: string[] = [];
  for (const turn of demoTurns) {
    const result = await postTurn(ingestUrl, JSON.stringify(turn));
    if (result.outcome === "rejected") throw new Error(`a turn of the demo was rejected: ${result.message}`);
    outcomes.push(await waitForReceipt(timelineUrl, result.receipt));
  }
  return outcomes;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
