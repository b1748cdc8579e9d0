import { redisUrl as redisUrlRule } from "@turnpike/kit/process/config-fields";
import { loadConfig } from "@turnpike/kit/process/load-config";
import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { placeOf } from "@turnpike/queue/backend/open-backend";
import { settleMarker } from "@turnpike/queue/marker/settle-marker";
import { type QueueSurvey, surveyQueue } from "@turnpike/queue/marker/survey-queue";
import { createDeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { createQueueMarkers } from "@turnpike/store/marker/queue-markers";
import { readLedger } from "@turnpike/timeline/ledger/read-ledger";
import { type Command, InvalidArgumentError } from "commander";
import { say } from "../../admin/print-rows.ts";
import { nameOfUser } from "../../admin/timeline-api.ts";
import { carryAccepted, carryOfOtherShards, carryWhatEnded } from "../../carry-accepted.ts";
import { type Env, Settings } from "../../settings.ts";

interface AcceptOptions {
  readonly reason: string;
  readonly oldRedisUrl?: string;
  readonly abandon?: boolean;
  readonly takeOver?: boolean;
}

type Markers = ReturnType<typeof createQueueMarkers>;
type Marker = Awaited<ReturnType<Markers["read"]>>;

const PATIENCE_MS = 2_000;

/** Add `turnpike queue accept`. */
export function addAccept(command: Command, env: Env): void {
  command
    .command("accept")
    .description(
      "make the queue of these settings the one of DATABASE_URL from now on; stop the apps first, when the old queue is empty",
    )
    .requiredOption("--reason <text>", "why, for the audit log")
    .option(
      "--old-redis-url <url>",
      "where the old queue is, if REDIS_URL does not lead there",
      parseRedisUrl,
    )
    .option(
      "--abandon",
      "also when turns wait in the old queue: they stay behind, and the ledger misses them",
    )
    .option("--take-over", "also when the queue belongs to another database")
    .action((options: AcceptOptions) => accept(options, env));
}

async function accept(options: AcceptOptions, env: Env): Promise<void> {
  const settings = loadConfig(Settings, env);
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = settings;
  if (databaseUrl === undefined)
    throw new Error("DATABASE_URL must be set: of which database is it the queue?");
  const location = { redisUrl, databaseUrl, prefix: settings.QUEUE_PREFIX, shards: settings.QUEUE_SHARDS };
  const database = createQueueMarkers(databaseUrl);
  try {
    const verdict = await settleMarker(location, { database, mayWrite: false, patienceMs: PATIENCE_MS });
    if (verdict.state === "unknown") throw new Error("the queue or the database does not answer");
    if (verdict.state === "fits")
      return say("The queue is the one of this database already. Nothing was done.");
    await replace(options, location, database);
    const done = await settleMarker(location, { database, mayWrite: true, patienceMs: PATIENCE_MS });
    if (done.state === "mismatch")
      throw new Error(`the database is changed, the queue is not: ${done.detail}`);
  } finally {
    await database.close();
  }
}

async function replace(
  options: AcceptOptions,
  location: QueueLocation & { readonly databaseUrl: string; readonly shards: number },
  database: Markers,
): Promise<void> {
  const marker = await database.read();
  const now = await surveyQueue(location);
  requireFree(now, marker, options);
  const old = await surveyOld(options, location, marker, { database, now });
  const isPart =
    marker?.backend === "redis" &&
    location.redisUrl !== undefined &&
    marker.prefix === location.prefix &&
    marker.shards > 1 &&
    location.shards > 1;
  const kept = new Set(isPart ? now.jobIds : []);
  const left = old?.jobIds.filter((id) => !kept.has(id)).length ?? 0;
  if (left > 0 && options.abandon !== true)
    throw new Error(
      `${left} accepted turns wait in the old queue; nothing was changed. Start workers with the old settings until it is empty, ` +
        "or leave the turns behind with --abandon",
    );
  const carried =
    old === undefined
      ? carryWhatEnded(await readLedgerOf(location.databaseUrl, now))
      : (isPart ? carryOfOtherShards : carryAccepted)(old, now);
  const place = placeOf(location);
  const total = [...carried.values()].reduce((sum, count) => sum + count, 0);
  await database.replace({
    place,
    expected: marker?.generation,
    replaces: now.note.generation ?? marker?.generation,
    carried,
    actor: nameOfUser(),
    action: "queue.accept",
    details: {
      reason: options.reason,
      from:
        marker === undefined
          ? null
          : { backend: marker.backend, prefix: marker.prefix, shards: marker.shards },
      to: { ...place },
      carried: total,
      abandoned: left,
      oldQueueAsked: old !== undefined,
    },
  });
  say(
    `The queue of these settings is the one of this database now. ${total} turns from before count as accepted.` +
      (left === 0 ? "" : ` ${left} turns were left behind: the ledger shows them as a difference.`) +
      (old === undefined
        ? " The old queue could not be asked: what was still in it is not in the ledger, and has to be sent again."
        : ""),
  );
}

function requireFree(now: QueueSurvey, marker: Marker, { takeOver }: AcceptOptions): void {
  const { generation } = now.note;
  if (generation === undefined || takeOver === true) return;
  if (generation === marker?.generation || generation === marker?.replaces) return;
  throw new Error(
    "the queue belongs to another database; nothing was changed. If that is not used any more, add --take-over",
  );
}

/** Undefined when it cannot be reached, or what is there is not it. */
async function surveyOld(
  { oldRedisUrl }: AcceptOptions,
  { redisUrl, databaseUrl, prefix }: QueueLocation,
  marker: Marker,
  { database, now }: { readonly database: Markers; readonly now: QueueSurvey },
): Promise<QueueSurvey | undefined> {
  const inPostgres = { databaseUrl, prefix };
  if (marker === undefined) {
    const { postgresQueue } = await database.readHoldings();
    return redisUrl !== undefined && postgresQueue.accepted > 0 ? surveyQueue(inPostgres) : undefined;
  }
  if (marker.backend === "postgres") {
    const survey = await surveyQueue(inPostgres);
    return survey.note.generation === marker.generation || !marker.isConfirmed ? survey : undefined;
  }
  const url = oldRedisUrl ?? redisUrl;
  if (url === undefined) return undefined;
  const isHere = now.note.generation === marker.generation;
  const shards = isHere ? Math.max(marker.shards, now.note.shards) : marker.shards;
  const survey = await surveyQueue({ redisUrl: url, prefix: marker.prefix, shards }).catch(() => undefined);
  return survey?.note.generation === marker.generation ? survey : undefined;
}

async function readLedgerOf(databaseUrl: string, now: QueueSurvey) {
  const deadLetters = createDeadLetters({
    url: databaseUrl,
    maxConnections: 1,
    name: "turnpike-queue-accept",
  });
  try {
    return await readLedger({ queue: { snapshot: () => Promise.resolve(now) }, deadLetters });
  } finally {
    await deadLetters.close();
  }
}

function parseRedisUrl(value: string): string {
  if (redisUrlRule.safeParse(value).success) return value;
  throw new InvalidArgumentError("must be a redis:// or rediss:// URL");
}
