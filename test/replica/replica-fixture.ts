import type { Log } from "@turnpike/domain/ports/ports";
import type { ReplicaOutcome } from "@turnpike/store/replica/replica-queries";
import { type EventsFixture, useEvents } from "../timeline/events-fixture.ts";
import { type Replicated, useReplicated } from "../support/standby.ts";
import { waitUntil } from "../support/wait-until.ts";

/** The timeline app, reading from a standby of its database. */
export interface ReplicaFixture {
  readonly servers: Replicated;
  readonly app: EventsFixture;
  /** What the app has said about its replica. */
  readonly said: string[];
  /** Wait until the app reads from the replica, or does not. */
  untilUsed(isUsed?: boolean): Promise<void>;
  /** Run something, and count how the reads in it were answered. */
  countReads(run: () => Promise<unknown>): Promise<Partial<Record<ReplicaOutcome, number>>>;
}

/** Make the fixture for a test file; its parts may be used once the tests run. */
export function useReplica(maxLagMs: number): ReplicaFixture {
  const said: string[] = [];
  const say = (facts: object, message: string): void => {
    const { replica = "" } = facts as { replica?: string };
    said.push(`${message} (${replica})`);
  };
  const log: Log = { info: say, warn: say, error: say };
  const servers = useReplicated();
  const app = useEvents(() =>
    Promise.resolve({
      url: servers.primaryUrl,
      replica: { url: servers.standbyUrl, maxLagMs, log },
      drop: () => Promise.resolve(),
    }),
  );
  const outcomes = () => app.reader.replicaState()?.outcomes;
  return {
    servers,
    app,
    said,
    async untilUsed(isUsed = true) {
      await waitUntil(() => app.reader.replicaState()?.isUsed === isUsed, {
        what: isUsed ? "the replica is used" : "the replica is not used",
      });
    },
    async countReads(run) {
      const before = outcomes();
      await run();
      const after = Object.entries(outcomes() ?? {}) as [ReplicaOutcome, number][];
      return Object.fromEntries(
        after
          .map(([outcome, count]) => [outcome, count - (before?.[outcome] ?? 0)] as const)
          .filter(([, count]) => count > 0),
      );
    },
  };
}
