/** Bodies that are small on the wire and would hold a process for half a minute, in gigabytes, if they were parsed. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { queueBackends } from "../support/backends.ts";
import { createTestDatabase } from "../support/database.ts";
import { useProcesses } from "../support/spawn.ts";
import { createTestIngest, events, post, readProblem, turn } from "./ingest-fixture.ts";

const MIB = 2 ** 20;
const BOMB_BYTES = 64 * MIB;
const MAX_REFUSAL_MS = 1_000;
const MAX_GROWTH_MB = 150;
const SMALL_POSTS = 100;

const TOO_DEEP = "nested deeper than 520 levels";
const TOO_MANY = "more than 1000000 values";
const TOO_MANY_CONTAINERS = "more than 200000 values that are objects or arrays";
const TOO_MANY_NAMES = "more than 200000 different names of members";

const turnWith = (junk: string): string =>
  JSON.stringify({ ...turn, request: { ...turn.request, junk: 0 } }).replace('"junk":0', `"junk":${junk}`);

describe.each<[string, unknown]>([
  ["/v1/ingest", turn],
  ["/v1/ingest/batch", { turns: [turn] }],
  ["/v1/ingest/events", events],
])("POST %s", (path, good) => {
  it.each([
    ["[".repeat(1_000), TOO_DEEP],
    [`${"[".repeat(521)}${"]".repeat(521)}`, TOO_DEEP],
    [`${'{"a":'.repeat(521)}0${"}".repeat(521)}`, TOO_DEEP],
    [`[${"0,".repeat(1_000_000)}0]`, TOO_MANY],
    [`[${"{},".repeat(200_000)}0]`, TOO_MANY_CONTAINERS],
    [`{${Array.from({ length: 200_001 }, (_none, at) => `"${at}":0`).join(",")}}`, TOO_MANY_NAMES],
  ])("refuses a body that is beyond a bound, wherever in it, and says which", async (bomb, excess) => {
    const { app, queue } = createTestIngest({ receivedBytes: 4 * MIB, decodedBytes: 4 * MIB });
    const body = JSON.stringify(good);
    for (const bad of [bomb, `{"junk":${bomb},${body.slice(1)}`, `${body.slice(0, -1)},"junk":${bomb}}`]) {
      const response = await post(app, path, bad);
      expect(response.status).toBe(400);
      expect(await readProblem(response)).toMatchObject({
        code: "invalid_envelope",
        detail: `invalid envelope: body: ${excess}`,
      });
    }
    expect([...queue.calls, ...queue.eventCalls]).toEqual([]);
    expect((await post(app, path, good)).status).toBe(202);
  });
});

describe.each(queueBackends())("bombs of 64 MiB, on $name", (backend) => {
  const processes = useProcesses();
  // Made before: what deflates them would hold up whoever takes the time.
  const bombs = [
    { unit: "[", excess: TOO_DEEP },
    { unit: '{"a":', excess: TOO_DEEP },
    { unit: "{},", excess: TOO_MANY_CONTAINERS },
    { unit: '"",', excess: TOO_MANY },
  ].map(({ unit, excess }) => ({ bomb: fill(turnWith(`[${unit}]`), unit), excess }));

  it("are refused at once, in little memory, while others are answered", async () => {
    const database = await createTestDatabase();
    const ingest = processes.start(bundleOf("ingest"), {
      env: {
        ...(backend.name === "redis"
          ? { REDIS_URL: backend.redisUrl, DATABASE_URL: undefined }
          : { DATABASE_URL: database.url, REDIS_URL: undefined }),
        QUEUE_PREFIX: `test-${new URL(database.url).pathname.slice(1)}`,
        PORT: "0",
        HOST: "127.0.0.1",
        LOG_LEVEL: "info",
      },
    });
    const [, url = ""] = await ingest.waitForLine(/"url":"(http:[^"]+)"/);
    const send = (body: string | Uint8Array<ArrayBuffer>, encoding?: string): Promise<Response> =>
      fetch(`${url}/v1/ingest`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...(encoding && { "content-encoding": encoding }) },
      });
    for (let warm = 0; warm < 20; warm += 1) expect((await send(turnWith(`${warm}`))).status).toBe(202);
    const peakBefore = await peakMb(ingest.pid);
    const small = postOneByOne((at) => send(turnWith(`"small ${at}"`)));
    small.catch(() => {});
    for (const { bomb, excess } of bombs) {
      const before = await spentMs(ingest.pid);
      const response = await send(bomb, "gzip");
      expect(await response.text()).toContain(excess);
      expect(response.status).toBe(400);
      expect((await spentMs(ingest.pid)) - before).toBeLessThan(MAX_REFUSAL_MS);
    }
    for (const { status, ms } of await small) {
      expect(status).toBe(202);
      expect(ms).toBeLessThan(MAX_REFUSAL_MS);
    }
    expect((await peakMb(ingest.pid)) - peakBefore).toBeLessThan(MAX_GROWTH_MB);
    await ingest.kill("SIGTERM");
    await database.drop();
  });
});

/** Make a bomb of a body that holds its unit once, compressed. */
function fill(body: string, unit: string): Uint8Array<ArrayBuffer> {
  const [before = "", after = ""] = body.split(`[${unit}]`);
  const count = Math.floor((BOMB_BYTES - before.length - after.length - 1) / unit.length);
  return new Uint8Array(gzipSync(`${before}[${unit.repeat(count)}${after}`));
}

async function postOneByOne(
  send: (at: number) => Promise<Response>,
): Promise<readonly { readonly status: number; readonly ms: number }[]> {
  const answers = [];
  for (let at = 0; at < SMALL_POSTS; at += 1) {
    const started = performance.now();
    const { status } = await send(at);
    answers.push({ status, ms: performance.now() - started });
  }
  return answers;
}

/** What a process has spent of processors, in its own name and in the kernel's: others that are busy do not count. */
async function spentMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function peakMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}
