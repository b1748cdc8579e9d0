import { expect, it } from "vitest";
import { createLogger } from "./logger.ts";

it("writes one JSON object per line to where it is told, from its level on", () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: "info",
    name: "ingest",
    destination: { write: (line) => lines.push(line) },
  });
  logger.debug("not this");
  logger.info({ event: "x" }, "this");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      app: "ingest",
      event: "x",
      msg: "this",
    },
  ]);
});
