/**
 * The random mix by itself, for as long as wanted: `npm run test:faults -- --seed 7 --minutes 10 --backend redis --json`. Ends
 * with 1 and the whole report when anything is found.
 */
import { parseArgs } from "node:util";
import { runMix } from "./mix.ts";
import { buildBundles } from "../support/build-bundles.ts";
import { type Backend, createRig } from "./rig/rig.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: "3" },
    backend: { type: "string", default: "redis" },
    json: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const minutes = Number(values.minutes);
const backend = readBackend(values.backend);
if (!Number.isInteger(seed) || !(minutes > 0 && minutes <= 120))
  throw new Error("--seed is a whole number, --minutes at most 120");
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

process.stdout.write(`seed ${seed}, ${minutes} minutes on ${backend}\n`);
const bundles = await buildBundles();
const rig = await createRig({ backend, distDir: bundles.distDir });
let exitCode = 0;
try {
  const { trial, verdict } = await runMix(rig, { seed, durationMs: minutes * 60_000 });
  const posts = trial.client.counts();
  for (const { name, from, to } of trial.faults) process.stdout.write(`${from} – ${to}: ${name}\n`);
  const ownEnds = [...rig.ingests, ...rig.workers, rig.timeline].flatMap((app) =>
    app.ends().filter((end) => !end.isWanted),
  );
  for (const end of ownEnds)
    process.stdout.write(`ended by itself with ${end.exitCode}:\n  ${end.lastLines.join("\n  ")}\n`);
  const summary = { seed, backend, minutes, posts, faults: trial.faults.length, ownEnds: ownEnds.length };
  const { total } = verdict.ledger;
  process.stdout.write(`nothing is lost: ${JSON.stringify({ ...summary, total })}\n`);
  if (values.json)
    process.stdout.write(
      `${JSON.stringify({ ok: true, ...summary, ledger: total, drainMs: verdict.drainMs })}\n`,
    );
} catch (error) {
  exitCode = 1;
  process.stdout.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  if (error instanceof Error && error.cause !== undefined)
    process.stdout.write(`${String((error.cause as Error).stack)}\n`);
  if (values.json) process.stdout.write(`${JSON.stringify({ ok: false, seed, backend, minutes })}\n`);
} finally {
  await rig.stop();
  bundles.remove();
}
process.exit(exitCode);

function readBackend(name: string): Backend {
  if (name === "redis" || name === "postgres") return name;
  throw new Error("--backend is redis or postgres");
}
