/** What a wake-up claims is held against the primary: the replica is not left aside for it, nor waited for in vain. */
import { beforeEach, describe, expect, it } from "vitest";
import { some } from "../timeline/events-fixture.ts";
import { useReplica } from "./replica-fixture.ts";

const READS = 10;
const fixture = useReplica(600_000);
const { app, servers } = fixture;
beforeEach(() => fixture.untilUsed());

const FORGED = 9_000_000_000_000_000;

async function makeSession(): Promise<string> {
  const session = await app.makeSession();
  await app.append(session, some(5));
  await servers.catchUp();
  return session;
}

const readMany = async (session: string): Promise<void> => {
  for (let read = 0; read < READS; read += 1) {
    expect((await app.get(`/v1/sessions/${session}/timeline`)).status).toBe(200);
  }
};

describe("a forged wake-up, on a replica that has everything", () => {
  it("costs one read of the primary, and the replica answers again", async () => {
    const session = await makeSession();
    app.reader.hear([{ orgId: app.org, sessionId: session, latestSequence: FORGED }]);
    expect(await fixture.countReads(() => readMany(session))).toEqual({ behind: 1, replica: READS - 1 });
  });

  it("of another org under the same id costs nothing", async () => {
    const session = await makeSession();
    const orgId = "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a";
    app.reader.hear([{ orgId, sessionId: session, latestSequence: FORGED }]);
    expect(await fixture.countReads(() => readMany(session))).toEqual({ replica: READS });
  });

  it("that comes again and again makes nobody wait for the replica more than once", async () => {
    const session = await makeSession();
    const begunAt = performance.now();
    for (let read = 0; read < READS; read += 1) {
      app.reader.hear([{ orgId: app.org, sessionId: session, latestSequence: FORGED + read }]);
      expect((await app.get(`/v1/sessions/${session}/timeline`)).status).toBe(200);
    }
    // Each wait would be 250 ms.
    expect(performance.now() - begunAt).toBeLessThan((READS * 250) / 2);
  });
});
