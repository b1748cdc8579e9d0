import type { DatabaseMarker, DatabaseMarkers, QueuePlace } from "@turnpike/domain/ports/queue-marker";
import { compareMarkers, type Finding, type MarkerRole, type Verdict } from "./compare-markers.ts";
import type { QueueNote, QueueNotes } from "./queue-note.ts";
import { surveyUnclaimed } from "./survey-unclaimed.ts";

// Others write at the same moment; each time one of them has written something.
const MAX_ROUNDS = 4;

/** What judging a queue takes. */
export interface JudgeDeps {
  readonly configured: QueuePlace;
  readonly role: MarkerRole;
  /** Undefined where the database cannot be reached by design. */
  readonly database: DatabaseMarkers | undefined;
  /** Whether what is missing on either side is written. */
  readonly mayWrite: boolean;
  /** Act on the open queue; rejects when it is away. */
  readonly useNotes: <T>(act: (notes: QueueNotes) => Promise<T>) => Promise<T>;
  /** How many turns the configured queue has ever accepted. */
  readonly countAccepted: () => Promise<number>;
}

/** What was found, and the generation that the queue carries. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly generation: string | undefined;
  /** Whether the database has answered. */
  readonly hasDatabase: boolean;
}

/**
 * Compare the markers, and write what is missing: first into the database, where the first one wins, then into the queue. Whoever
 * comes next completes what one that was killed in between has left. Never rejects: what cannot be asked is unknown.
 */
export async function judgeQueue(deps: JudgeDeps, known: string | undefined): Promise<Judgement> {
  for (let round = 1; ; round += 1) {
    // The queue first: what is in it was in the database before.
    const queue = await readNote(deps);
    const database = await readDatabase(deps);
    const finding = compareMarkers({ ...deps, database, queue, known });
    const next = await act(deps, finding, database, queue).catch(() => settle(finding));
    if (next === "again" && round < MAX_ROUNDS) continue;
    const verdict = next === "again" ? settle(finding) : next;
    // Others may have written between the two: what is at odds then is not at odds any more.
    if (verdict.state === "mismatch" && round === 1) continue;
    if (verdict.state === "mismatch" && deps.database !== undefined) await refuse(deps, queue);
    const generation = queue === "unknown" ? undefined : queue.generation;
    return { verdict, generation, hasDatabase: database !== "unknown" };
  }
}

/** What could not be written is tried again the next time; nothing speaks against the queue. */
function settle(finding: Finding): Verdict {
  return finding.state === "unclaimed" || finding.state === "unconfirmed" ? { state: "fits" } : finding;
}

async function act(
  deps: JudgeDeps,
  finding: Finding,
  database: DatabaseMarker | "none" | "unknown",
  queue: QueueNote | "unknown",
): Promise<Verdict | "again"> {
  const { configured, database: markers, mayWrite, useNotes, countAccepted } = deps;
  if (markers === undefined) return settle(finding);
  if (finding.state === "unclaimed") {
    const holdings = await markers.readHoldings();
    const against = await surveyUnclaimed(configured, holdings, countAccepted);
    if (against !== undefined || !mayWrite) return against ?? { state: "fits" };
    await markers.claim(configured);
    return "again";
  }
  if (typeof database === "string" || queue === "unknown" || !mayWrite) return settle(finding);
  const { generation, replaces } = database;
  if (finding.state === "unconfirmed") {
    const isReplaced = queue.generation !== undefined && queue.generation === replaces;
    const shards = isReplaced ? database.shards : Math.max(database.shards, queue.shards);
    const there = await useNotes((notes) => notes.claim({ generation, replaces, shards }));
    if (there.generation === generation) await markers.confirm(generation);
    return "again";
  }
  if (finding.state === "fits" && queue.shards > database.shards)
    await markers.raiseShards(generation, queue.shards);
  return finding;
}

async function readDatabase({ database }: JudgeDeps): Promise<DatabaseMarker | "none" | "unknown"> {
  if (database === undefined) return "unknown";
  return database.read().then(
    (marker) => marker ?? "none",
    () => "unknown" as const,
  );
}

async function readNote({ useNotes }: JudgeDeps): Promise<QueueNote | "unknown"> {
  return useNotes((notes) => notes.read()).catch(() => "unknown" as const);
}

/** So that an ingest which knows the queue only takes nothing more in. */
async function refuse({ useNotes }: JudgeDeps, queue: QueueNote | "unknown"): Promise<void> {
  if (queue === "unknown" || queue.generation !== undefined || queue.isRefused) return;
  await useNotes((notes) => notes.refuse()).catch(() => {});
}
