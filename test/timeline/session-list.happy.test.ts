import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { type SessionPage, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

async function walk(org: string, query: string, between?: () => Promise<unknown>): Promise<string[]> {
  const names: string[] = [];
  let next = "";
  do {
    const path: string = `/v1/sessions?${query}${next}`;
    const { status, body } = await fixture.get<SessionPage>(path, org);
    expect(status, path).toBe(200);
    names.push(...body.items.map((item) => item.harnessSessionId));
    expect(names.length, "the walk ends").toBeLessThan(1_000);
    next = body.nextCursor === null ? "" : `&cursor=${body.nextCursor}`;
    await between?.();
  } while (next !== "");
  return names;
}

/** Sessions a, b, c, … with the values of a column set by hand; as text, for the driver would cut off microseconds. */
async function fill(org: string, column: string, values: readonly (string | number)[]): Promise<void> {
  for (const [index, value] of values.entries()) {
    const session = String.fromCodePoint(97 + index);
    await fixture.ingest(turnBody({ org, session }));
    await fixture.sql.unsafe(
      `UPDATE sessions SET ${column} = '${value}' WHERE org_id = '${org}' AND harness_session_id = '${session}'`,
    );
  }
}

describe("GET /v1/sessions, sorted", () => {
  it.each([
    [
      "last_seen_at",
      "last_seen_at",
      ["2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000003Z", "2026-01-01T00:00:00.000002Z"],
    ],
    [
      "started_at",
      "started_at",
      ["2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000003Z", "2026-01-01T00:00:00.000002Z"],
    ],
    ["turn_count", "turn_count", [1, 3, 2]],
    ["total_cost_usd", "total_cost_usd", ["0.100000000001", "0.100000000003", "0.100000000002"]],
    ["total_tokens", "total_output_tokens", [9_007_199_254_740, 9_007_199_254_742, 9_007_199_254_741]],
  ])("by %s, both ways, exactly, also across pages", async (sort, column, values) => {
    const org = randomUUID();
    await fill(org, column, values);
    for (const limit of [1, 2, 3, 4]) {
      expect(await walk(org, `sort=${sort}&limit=${limit}`)).toEqual(["b", "c", "a"]);
      expect(await walk(org, `sort=${sort}&order=asc&limit=${limit}`)).toEqual(["a", "c", "b"]);
    }
  });

  it("equal values are told apart by the id, in the same direction", async () => {
    const org = randomUUID();
    await fill(org, "turn_count", Array(9).fill(5));
    for (const sort of ["turn_count", "total_cost_usd", "total_tokens"]) {
      const names = "abcdefghi".split("");
      expect(await walk(org, `sort=${sort}&order=asc&limit=2`)).toEqual(names);
      expect(await walk(org, `sort=${sort}&limit=2`)).toEqual(names.reverse());
    }
  });

  it("a walk shows what does not move exactly once, whatever comes, moves and goes meanwhile", async () => {
    const org = randomUUID();
    const still = Array.from({ length: 12 }, (_unused, index) => `still-${index}`);
    for (const session of [...still, "moving", "going"]) await fixture.ingest(turnBody({ org, session }));
    let page = 0;
    const names = await walk(org, "limit=3", async () => {
      page += 1;
      await fixture.ingest(turnBody({ org, session: `new-${page}` }));
      await fixture.ingest(turnBody({ org, session: "moving", answer: String(page) }));
      await fixture.sql`
        UPDATE sessions SET deleted_at = now() WHERE org_id = ${org} AND harness_session_id = 'going'`;
    });
    expect(names.filter((name) => name.startsWith("still")).sort()).toEqual(still.sort());
    expect(names.filter((name) => name.startsWith("new"))).toEqual([]);
  });
});

describe("GET /v1/sessions, filtered", () => {
  it("by subject, model, parent, status and time, alone and together", async () => {
    const org = randomUUID();
    const long = "s".repeat(4_096);
    await fixture.ingest(
      turnBody({ org, session: "a", envelope: { auth_subject: "ada" } }),
      turnBody({ org, session: "b", envelope: { auth_subject: "ada", parent_harness_session_id: "p" } }),
      turnBody({ org, session: "c", envelope: { auth_subject: long }, response: { model: "gpt-5" } }),
      turnBody({ org, session: "a", answer: "two", response: { model: "gpt-5" } }),
    );
    await fixture.sql`
      UPDATE sessions SET last_seen_at = '2026-01-01T00:00:00.5Z' WHERE org_id = ${org} AND harness_session_id = 'b'`;
    const [parent] = await fixture.sql`
      SELECT id FROM sessions WHERE org_id = ${org} AND harness_session_id = 'p'`;
    const names = async (query: string) => (await walk(org, `order=asc&${query}`)).sort().join("");
    expect(await names("auth_subject=ada")).toBe("ab");
    expect(await names(`auth_subject=${long}`)).toBe("c");
    expect(await names("auth_subject=")).toBe("p");
    expect(await names("auth_subject=ADA")).toBe("");
    expect(await names("model=gpt-5")).toBe("ac");
    expect(await names("model=gpt-5&auth_subject=ada")).toBe("a");
    expect(await names("model=gpt")).toBe("");
    expect(await names(`parent_id=${parent?.["id"]}`)).toBe("b");
    expect(await names(`parent_id=${randomUUID()}`)).toBe("");
    expect(await names("status=placeholder")).toBe("p");
    expect(await names("status=active")).toBe("ac");
    expect(await names("status=idle")).toBe("b");
    expect(await names("until=2026-01-01T00:00:00.500000Z")).toBe("");
    expect(await names("until=2026-01-01T00:00:00.500001Z")).toBe("b");
    expect(await names("since=2026-01-01T00:00:00.500000Z&until=2026-01-01T00:00:00.500001Z")).toBe("b");
    expect(await names("since=2026-01-01T00:00:00.500001Z")).toBe("acp");
    expect(await names("since=2026-01-01T01:00:00.5%2B01:00&until=2026-01-02T00:00:00Z")).toBe("b");
    expect(await names("since=9999-12-31T23:59:59Z")).toBe("");
    expect(await names("since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59.999999999Z")).toBe("abcp");
  });

  it("leaves out deleted sessions, under every filter and sort", async () => {
    const org = randomUUID();
    await fixture.ingest(turnBody({ org, session: "a" }), turnBody({ org, session: "b" }));
    await fixture.sql`UPDATE sessions SET deleted_at = now() WHERE org_id = ${org} AND harness_session_id = 'a'`;
    for (const query of ["", "sort=turn_count", "harness_session_id=a&harness_id=claude", "status=active"]) {
      expect(await walk(org, query)).toEqual(query.startsWith("harness") ? [] : ["b"]);
    }
  });
});
