/**
 * Takes the events of an older log into sessions that are there. What must stay true: an import that is repeated, also
 * after one that broke off, takes nothing twice; what is not taken is set aside, in the order of the file.
 */
import { stat } from "node:fs/promises";
import { isAppError } from "@turnpike/domain/errors";
import type { EventImporter } from "@turnpike/store/events/event-importer";
import { createEventIds, type EventIds } from "./event-ids.ts";
import { type LegacyEvent, parseLegacyLine, type Reason } from "./parse-legacy-line.ts";
import type { SetAside } from "./set-aside.ts";
import { type FileLine, streamLines } from "./stream-lines.ts";

/** What one transaction takes at most, and what is held in memory at most. */
const BATCH_LINES = 1_000;
const BATCH_BYTES = 16 * 1024 * 1024;

/** How an import went; it grows while it runs. */
export interface ImportTally {
  /** Events that are stored now. */
  taken: number;
  /** Of those, the ones that were not stored before. */
  fresh: number;
  readonly aside: Map<Reason, number>;
  /** The last line of the file that was taken or set aside. */
  lastLine: number;
}

/** What an import works with. */
export interface ImportDeps {
  readonly importer: Pick<EventImporter, "findSessions" | "append">;
  readonly setAside: Pick<SetAside, "put">;
}

/**
 * Import a file, counting into the tally as it goes.
 * @throws AppError of the store, Error of node:fs; what the tally has counted by then stays done.
 */
export async function importEventsFile(
  deps: ImportDeps,
  source: { readonly path: string; readonly orgId: string },
  tally: ImportTally,
): Promise<void> {
  const facts = await stat(source.path);
  if (!facts.isFile()) throw new Error(`${source.path} is no regular file: it has to be read twice`);
  const ids = createEventIds();
  for await (const line of streamLines(source.path, facts.size)) {
    const event = read(line);
    if (typeof event !== "string") ids.note(event);
  }
  let batch: Entry[] = [];
  let sizeBytes = 0;
  for await (const line of streamLines(source.path, facts.size)) {
    batch.push({ line, event: read(line) });
    sizeBytes += line.bytes?.length ?? 0;
    if (batch.length < BATCH_LINES && sizeBytes < BATCH_BYTES) continue;
    await importBatch(deps, source.orgId, batch, ids, tally);
    batch = [];
    sizeBytes = 0;
  }
  if (batch.length > 0) await importBatch(deps, source.orgId, batch, ids, tally);
}

interface Entry {
  readonly line: FileLine;
  readonly event: LegacyEvent | Reason;
}

function read({ bytes }: FileLine): LegacyEvent | Reason {
  return bytes === undefined ? "line_too_long" : parseLegacyLine(bytes);
}

async function importBatch(
  deps: ImportDeps,
  orgId: string,
  batch: readonly Entry[],
  ids: EventIds,
  tally: ImportTally,
): Promise<void> {
  const bySession = new Map<string, { readonly event: LegacyEvent; readonly id: string }[]>();
  for (const { event } of batch) {
    if (typeof event === "string") continue;
    const known = bySession.get(event.sessionId);
    const entry = { event, id: ids.next(event) };
    if (known === undefined) bySession.set(event.sessionId, [entry]);
    else known.push(entry);
  }
  const sessions = new Map(await deps.importer.findSessions(orgId, [...bySession.keys()]));
  for (const [sessionId, latestBefore] of sessions) {
    const entries = bySession.get(sessionId) ?? [];
    const numbers = await append(deps.importer, orgId, sessionId, entries);
    if (numbers === undefined) {
      sessions.delete(sessionId);
      continue;
    }
    tally.taken += numbers.length;
    tally.fresh += numbers.filter((number) => number > latestBefore).length;
  }
  for (const { line, event } of batch) {
    const reason = typeof event === "string" ? event : unknownSession(sessions, event);
    if (reason !== undefined) {
      await deps.setAside.put(line, reason);
      tally.aside.set(reason, (tally.aside.get(reason) ?? 0) + 1);
    }
    tally.lastLine = line.number;
  }
}

/** Undefined when the session has gone since it was looked for. */
async function append(
  importer: Pick<EventImporter, "append">,
  orgId: string,
  sessionId: string,
  entries: readonly { readonly event: LegacyEvent; readonly id: string }[],
): Promise<readonly number[] | undefined> {
  try {
    return await importer.append(
      orgId,
      sessionId,
      entries.map(({ event: { eventType, occurredAt, metadata }, id }) => ({
        id,
        eventType,
        occurredAt,
        metadata,
      })),
    );
  } catch (error) {
    if (isAppError(error, "not_found")) return undefined;
    throw error;
  }
}

function unknownSession(
  sessions: ReadonlyMap<string, unknown>,
  { sessionId }: LegacyEvent,
): Reason | undefined {
  return sessions.has(sessionId) ? undefined : "session_unknown";
}
