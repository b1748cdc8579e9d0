/** A reader with a bad connection follows a session on a replica that stands still and goes on at random. */
import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readSwitching } from "../support/switching-reader.ts";
import { waitUntil } from "../support/wait-until.ts";
import { some, upTo } from "../timeline/events-fixture.ts";
import { useReplica } from "./replica-fixture.ts";

const CUTS = 200;
// Events that are written while the replica stands still, or goes on.
const LONGEST_SPELL = 30;

const fixture = useReplica(600_000);
const { app, servers } = fixture;

describe("a reader with a bad connection, on a replica that stands still at random", () => {
  it("gets every event once and in order, whether it is told of them or not", async () => {
    await fixture.untilUsed();
    const session = await app.makeSession();
    let isReading = true;
    let written = 0;
    const writing = (async () => {
      while (isReading) {
        const stored = await app.append(session, some(randomInt(1, 6)), randomInt(2) === 0);
        written = stored.at(-1)?.sequence ?? written;
      }
    })();
    const untilMoreIsWritten = async (): Promise<void> => {
      const due = written + randomInt(LONGEST_SPELL);
      await waitUntil(() => written >= due || !isReading, { what: `${due} events are written` });
    };
    const pausing = (async () => {
      while (isReading) {
        await servers.pause();
        await untilMoreIsWritten();
        await servers.resume();
        await untilMoreIsWritten();
      }
    })();
    let isDrained = false;
    const url = `${app.url}/v1/sessions/${session}/timeline?org_id=${app.org}`;
    let reading: Awaited<ReturnType<typeof readSwitching>> | undefined;
    const reads = await fixture.countReads(async () => {
      reading = await readSwitching(url, Math.random, (cuts) => {
        if (cuts >= CUTS && isReading) {
          isReading = false;
          void Promise.all([writing, pausing])
            .then(() => servers.catchUp())
            .then(() => (isDrained = true));
        }
        return isDrained;
      });
    });
    expect(reading?.events.map((event) => event.sequence)).toEqual(upTo(written));
    for (const count of Object.values(reading?.byWay ?? {})) expect(count).toBeGreaterThan(0);
    // How often it had to be the primary depends on how long the replica stood still.
    expect(reads.replica).toBeGreaterThan(0);
  });

  it("never sees the latest number go back", async () => {
    const session = await app.makeSession();
    let isReading = true;
    const writing = (async () => {
      while (isReading) {
        await app.append(session, some(2), false);
        await servers.pause();
        await app.append(session, some(1), randomInt(2) === 0);
        await servers.resume();
      }
    })();
    const seen: number[] = [];
    for (let round = 0; round < 200; round += 1) {
      // Every other time from somewhere below, as a second reader does.
      const after = round % 2 === 0 ? (seen.at(-1) ?? 0) : 0;
      const path = `/v1/sessions/${session}/timeline?limit=5&after=${after}`;
      seen.push((await app.get<{ latestSequence: number }>(path)).body.latestSequence);
    }
    isReading = false;
    await writing;
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
  });
});
