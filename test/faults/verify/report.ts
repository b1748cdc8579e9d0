import type { Client } from "../load/client.ts";
import type { Rig } from "../rig/rig.ts";
import type { MadeFault } from "../made-fault.ts";

/** What a report is about. */
export interface ReportInput {
  readonly rig: Rig;
  readonly faults: readonly MadeFault[];
  readonly client: Client;
  readonly found: readonly string[];
  readonly seed: number | undefined;
}

const MAX_FOUND = 40;

/** Write down what somebody needs who looks for the cause. */
export function writeReport({ rig, faults, client, found, seed }: ReportInput): string {
  const apps = [...rig.ingests, ...rig.workers, rig.timeline];
  return [
    `${found.length} faults found on ${rig.backend}${seed === undefined ? "" : `, seed ${seed}`}:`,
    ...found.slice(0, MAX_FOUND).map((line) => `  ${line}`),
    `posts: ${JSON.stringify(client.counts())}`,
    "faults made (milliseconds from the start):",
    ...faults.map(({ name, from, to }) => `  ${from} – ${to ?? "not ended"}: ${name}`),
    ...apps.flatMap((app) => [
      `${app.name}, started ${app.starts()} times; ended by itself:`,
      ...app
        .ends()
        .filter((end) => !end.isWanted)
        .flatMap(({ at, exitCode, signal, lastLines }) => [
          `  at ${new Date(at).toISOString()} with ${exitCode ?? signal}:`,
          ...lastLines.map((line) => `    ${line}`),
        ]),
      "  it printed last:",
      ...app.lastLines().map((line) => `    ${line}`),
    ]),
  ].join("\n");
}
