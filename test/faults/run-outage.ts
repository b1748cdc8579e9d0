/**
 * One outage under load, for as long as wanted: the role of the workers has no login. `npm run test:outage -- --minutes 12 --backend
 * redis --max-delay-ms 1000`. Ends with 1 and the whole report when anything is lost, dead or given up.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { roleWithoutLogin } from "./faults/role-without-login.ts";
import { buildBundles } from "../support/build-bundles.ts";
import { createRandom } from "./rig/random.ts";
import { createRig } from "./rig/rig.ts";
import { startTrial } from "./trial.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "12" },
    backend: { type: "string", default: "redis" },
    "max-delay-ms": { type: "string", default: "30000" },
  },
});
const seed = Number(values.seed);
const minutes = Number(values.minutes);
const { backend } = values;
if (!Number.isInteger(seed) || !(minutes > 0 && minutes <= 120))
  throw new Error("--seed is a whole number, --minutes at most 120");
if (backend !== "redis" && backend !== "postgres") throw new Error("--backend is redis or postgres");
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const SECONDS_PER_MINUTE = 60;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const bundles = await buildBundles();
const rig = await createRig({
  backend,
  distDir: bundles.distDir,
  hasWorkerRole: true,
  hasSmallDisk: false,
  workerEnv: { RETRY_MAX_DELAY_MS: values["max-delay-ms"] },
});
let exitCode = 0;
try {
  const trial = startTrial(rig, createRandom(seed), { seed });
  await delay(5_000);
  say(`the workers' role loses its login for ${minutes} minutes, on ${backend}`);
  await trial.under(roleWithoutLogin, () => delay(minutes * SECONDS_PER_MINUTE * 1_000));
  say(`mended; ${JSON.stringify(trial.client.counts())}`);
  const { ledger, drainMs } = await trial.prove();
  say(`nothing is lost: ${JSON.stringify({ ...ledger.total, drainMs })}`);
} catch (error) {
  exitCode = 1;
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  await rig.stop();
  bundles.remove();
}
process.exit(exitCode);
