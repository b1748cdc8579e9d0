/** A process that stops the way that its argument says: `clean`, `cut`, `failing` or `hanging`. */
import { createLogger } from "@turnpike/kit/process/logger";
import { onShutdown } from "@turnpike/kit/process/shutdown";

const steps: Record<string, () => Promise<boolean | void>> = {
  clean: async () => undefined,
  cut: async () => false,
  failing: () => Promise.reject(new Error("no")),
  hanging: () => new Promise(() => undefined),
};
const [manner = "", deadlineMs = "20000"] = process.argv.slice(2);

onShutdown({
  logger: createLogger({ level: "info", name: "fixture" }),
  deadlineMs: Number(deadlineMs),
  steps: [
    { name: "first", run: () => steps[manner]?.() ?? Promise.resolve() },
    { name: "second", run: async () => void process.stdout.write("second step\n") },
  ],
});
// As a listening server would.
setInterval(() => undefined, 60_000);
process.stdout.write("ready\n");
