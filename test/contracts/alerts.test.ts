import { readFile } from "node:fs/promises";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { createActivityBook } from "@turnpike/queue/consumer/activity";
import { addConsumerMetrics } from "@turnpike/worker/consumer-metrics";
import { afterAll, expect, it } from "vitest";
import { createTestTimeline } from "../timeline/timeline-fixture.ts";

const timeline = createTestTimeline({ url: "postgres://127.0.0.1:1/none" });
afterAll(() => timeline.close());

it("every metric that docs/alerts.yml asks for is one that an app shows", async () => {
  const rules = await readFile(new URL("../../docs/alerts.yml", import.meta.url), "utf8");
  const worker = createRegistry("worker");
  const none = createActivityBook().read();
  addConsumerMetrics(worker, { activity: () => none, msSinceProgress: () => 0 });
  const shown = `${await worker.metrics()}${await (await timeline.app.request("/metrics")).text()}`;
  const asked = new Set(rules.match(/turnpike_\w+/g));
  expect(asked.size).toBeGreaterThan(4);
  for (const name of asked) expect(shown, name).toContain(`# TYPE ${name} gauge`);
});
