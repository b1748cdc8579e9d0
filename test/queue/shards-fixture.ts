/** A queue of several shards on a Redis Cluster, and a look into each shard. */
import { randomUUID } from "node:crypto";
import type { AcceptedTurn, DeadLetter, Log } from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { openBackend } from "@turnpike/queue/backend/open-backend";
import { INGEST_EVENTS, INGEST_TURN } from "@turnpike/queue/job/payload";
import { type Consumer, createConsumer, type JobHandler } from "@turnpike/queue/consumer/consumer";
import { createProducer, type Producer, type QueueBounds } from "@turnpike/queue/producer/producer";
import { createQueueInspector, type QueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import type { Register } from "@turnpike/queue/backend/ledger";
import { chooseShard, listShards } from "@turnpike/queue/shards/shards";
import { Redis } from "ioredis";
import { afterEach, beforeEach } from "vitest";
import type { ClusterBackend } from "../support/backends.ts";
import { findWidePrefix } from "../support/wide-prefix.ts";
import { acceptedTurn } from "./queue-fixture.ts";

export interface ShardsFixture {
  /** Its shards lie on all three masters. */
  readonly location: QueueLocation & { readonly shards: number };
  readonly logged: () => readonly string[];
  readonly letters: () => readonly DeadLetter[];
  produce(options?: { readonly bounds?: QueueBounds }): Producer;
  consume(
    handle: JobHandler,
    options?: { readonly concurrency?: number; readonly location?: QueueLocation },
  ): Consumer;
  inspect(): QueueInspector;
  /** Open the shards one by one. */
  openShards(): Promise<OpenShard[]>;
}

/** One shard, as a queue of its own. */
export interface OpenShard {
  readonly register: Register;
  /** Of the master that it lies on. */
  readonly port: number | undefined;
  readonly jobIds: () => Promise<readonly string[]>;
}

const DRAIN_DEADLINE_MS = 5_000;

/** Make a fixture for each test of the suite it is called in; what it made is closed after the test. */
export function useShards(backendOf: () => ClusterBackend): ShardsFixture {
  let location: ShardsFixture["location"] = { prefix: "", shards: 1 };
  let lines: string[] = [];
  let letters: DeadLetter[] = [];
  const closes: (() => Promise<unknown>)[] = [];
  const write = (facts: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(facts)}`);
  };
  const log: Log = { info: write, warn: write, error: write };

  beforeEach(async () => {
    const { redisUrl, shards } = backendOf();
    location = { redisUrl, prefix: await findWidePrefix(backendOf()), shards };
    [lines, letters] = [[], []];
  });
  afterEach(async () => {
    await Promise.all(closes.splice(0).map((close) => close()));
  });

  return {
    get location() {
      return location;
    },
    logged: () => lines,
    letters: () => letters,
    produce(options = {}) {
      const producer = createProducer({ ...location, ...options, log });
      closes.push(() => producer.close());
      return producer;
    },
    consume(handle, { concurrency = 4, location: place = location } = {}) {
      const consumer = createConsumer({
        ...place,
        concurrency,
        handlers: { [INGEST_TURN]: handle, [INGEST_EVENTS]: handle },
        deadLetters: {
          async put(letter) {
            letters.push(letter);
            return "dead";
          },
        },
        log,
      });
      closes.push(() => consumer.drain(DRAIN_DEADLINE_MS));
      return consumer;
    },
    inspect() {
      const inspector = createQueueInspector({ ...location, log });
      closes.push(() => inspector.close());
      return inspector;
    },
    openShards: () =>
      Promise.all(
        listShards(location).map(async (shard) => {
          const backend = await openBackend(shard, "producer", log);
          closes.push(() => backend.close());
          const register = backend.openRegister(shard.prefix);
          const { remotePort: port } = (backend.connection as Redis).stream;
          return { register, port, jobIds: async () => (await register.snapshot()).jobIds };
        }),
      ),
  };
}

/** Make a turn that goes into this shard. */
export function turnForShard(
  shard: number,
  { shards }: { readonly shards: number },
  body?: string,
  orgId?: string,
): AcceptedTurn & { readonly group: string } {
  for (;;) {
    const group = randomUUID();
    if (chooseShard(group, shards) === shard) return { ...acceptedTurn(body, orgId), group };
  }
}
