/** A conversation of one session: it grows with each turn and re-sends its history, as harnesses do. */
import { type TestMessage, turnBody } from "../../support/turn-body.ts";
import type { Random } from "../rig/random.ts";
import { writeLargeText, writeText } from "./texts.ts";

/** Who talks. */
export interface Talker {
  readonly orgId: string;
  readonly session: string;
  readonly parent: string | undefined;
}

/** A conversation. */
export interface Talk {
  /** Write the body of the next turn; with a size, one whose user says that many bytes and is forgotten afterwards. */
  next(largeBytes?: number): string;
}

/** Begin a conversation. */
export function createTalk(random: Random, { orgId, session, parent }: Talker): Talk {
  const envelope = {
    auth_subject: `subject-${session}`,
    cwd: `/home/${session}`,
    harness_version: "2.0.1",
    ...(parent === undefined ? {} : { parent_harness_session_id: parent }),
  };
  const history: TestMessage[] = [];
  let turn = 0;
  return {
    next(largeBytes) {
      turn += 1;
      const id = `toolu_${session}_${turn}`;
      const isTool = random.chance(0.6);
      const said = history.at(-1)?.role === "user" ? [] : [{ role: "user", content: writeText(random, 200) }];
      const large =
        largeBytes === undefined ? [] : [{ role: "user", content: writeLargeText(random, largeBytes) }];
      const text = `${session}/${turn} ${writeText(random, random.between(20, 600))}`;
      const tool = {
        tool_use_id: id,
        tool_name: "Read",
        tool_input: { path: `src/${turn}.ts`, limit: turn },
      };
      const response = {
        created_at: "2026-11-21T07:10:00.000Z",
        message: {
          role: "assistant",
          content: [{ type: "text", text }, ...(isTool ? [{ type: "tool_use", ...tool }] : [])],
        },
        stop_reason: isTool ? "tool_use" : "end_turn",
      };
      const body = turnBody({
        org: orgId,
        session,
        envelope,
        messages: [...history, ...said, ...large],
        response,
        inputTokens: 100 * turn,
        outputTokens: turn,
      });
      history.push(...said, {
        role: "assistant",
        content: [
          { type: "text", text },
          ...(isTool ? [{ type: "tool_use", id, name: tool.tool_name, input: tool.tool_input }] : []),
        ],
      });
      if (isTool) {
        const content = writeText(random, random.between(50, 2_000));
        history.push({
          role: "user",
          content: [{ type: "tool_result", tool_use_id: id, is_error: random.chance(0.2), content }],
        });
      }
      return body;
    },
  };
}
