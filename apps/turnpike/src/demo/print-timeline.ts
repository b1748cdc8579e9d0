import Table from "cli-table3";
import type { ShownEvent, ShownSession } from "./timeline-client.ts";

// Number, event, tokens and cost, with their borders; the rest of the line is the detail's.
const OTHER_COLUMNS_WIDTH = 58;
const MIN_DETAIL_WIDTH = 24;
const MAX_DETAIL_WIDTH = 90;

/** Write a session's timeline as a table for people. */
export function printTimeline(session: ShownSession, events: readonly ShownEvent[], width: number): string {
  const detailWidth = Math.min(Math.max(width - OTHER_COLUMNS_WIDTH, MIN_DETAIL_WIDTH), MAX_DETAIL_WIDTH);
  const table = new Table({
    head: ["#", "event", "what", "in", "out", "cost $"],
    colWidths: [5, 22, detailWidth, 9, 8, 11],
    colAligns: ["right", "left", "left", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const event of events) {
    const { inputTokens, outputTokens, costUsd } = event.metadata;
    table.push([
      event.sequence,
      event.eventType,
      detailOf(event),
      typeof inputTokens === "number" ? inputTokens.toLocaleString("en") : "",
      typeof outputTokens === "number" ? outputTokens.toLocaleString("en") : "",
      typeof costUsd === "string" ? Number(costUsd).toFixed(6) : "",
    ]);
  }
  const { turnCount, totalInputTokens, totalOutputTokens, totalCostUsd } = session;
  return [
    `${session.displayTitle}  (${session.harnessId}, session ${session.id})`,
    table.toString(),
    `${turnCount} ${turnCount === 1 ? "turn" : "turns"}, ${totalInputTokens.toLocaleString("en")} input and ${totalOutputTokens.toLocaleString("en")} output tokens, $${totalCostUsd.toFixed(6)}`,
    "",
  ].join("\n");
}

/** The one fact of an event that says most, on one line. */
function detailOf({ eventType, metadata }: ShownEvent): string {
  const text = (key: string): string => {
    const value = metadata[key];
    return typeof value === "string" ? value.replace(/\s+/g, " ") : "";
  };
  switch (eventType) {
    case "session_created":
      return [text("harnessId"), text("harnessVersion"), text("cwd")].filter(Boolean).join(" ");
    case "tool_call_started":
      return `${text("toolName")} ${text("inputPreview")}`;
    case "tool_call_completed":
    case "tool_call_failed":
      return `${text("toolName")} → ${text("preview")}`;
    case "turn_completed":
      return `${text("model")}, ${text("stopReason")}, chain of ${metadata["chainLength"]}, head ${text("headHash").slice(0, 12)}`;
    default:
      return text("preview");
  }
}
