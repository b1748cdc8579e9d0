/**
 * What the store has to hold at the end, from what was sent and answered. A post without an answer, or answered 503, may have been
 * taken or not: both are right.
 */
import { createHash } from "node:crypto";
import { prepareTurn } from "@turnpike/domain/prepare/prepare-turn";

/** A node as it has to be stored. */
export interface ExpectedNode {
  readonly parentHash: string | undefined;
  readonly role: string;
  /** SHA-256 of the JSON text of its content: several where contents differ in what is not hashed. */
  readonly contents: Set<string>;
}

/** A turn as it has to be stored, once. */
export interface ExpectedTurn {
  readonly orgId: string;
  readonly harnessSessionId: string;
  readonly headHash: string;
  readonly chainLength: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly events: number;
  /** Those of every post of it that was answered. */
  readonly receipts: string[];
  /** Posts of it that were not answered for good. */
  unanswered: number;
}

/** One version of a post of lifecycle events. */
export interface ExpectedPost {
  readonly orgId: string;
  readonly harnessSessionId: string;
  readonly events: readonly PostedEvent[];
  /** The other version: the same id with another body. One of the two ends dead. */
  readonly rival: { readonly post: ExpectedPost | undefined };
  readonly receipts: string[];
  unanswered: number;
}

/** A lifecycle event as it is posted. */
export interface PostedEvent {
  readonly id: string;
  readonly type: string;
  readonly run_id: string;
  readonly message: string;
  readonly metadata: object;
}

/** A job that nobody can read. */
export interface ExpectedDeath {
  readonly orgId: string;
  readonly receipt: string;
}

/** All that is expected so far. */
export interface Expectations {
  /** Of the load. */
  readonly orgIds: readonly string[];
  readonly nodes: ReadonlyMap<string, ReadonlyMap<string, ExpectedNode>>;
  readonly turns: ReadonlyMap<string, ExpectedTurn>;
  readonly posts: readonly ExpectedPost[];
  readonly deaths: readonly ExpectedDeath[];
  /** Expect the turn of a body that is about to be posted; the same turn again is the same expectation. */
  expectTurn(body: string): ExpectedTurn;
  expectPost(post: Omit<ExpectedPost, "receipts" | "unanswered">): ExpectedPost;
  /** Expect a dead letter, `unreadable_job`. */
  expectDeath(death: ExpectedDeath): void;
  /** One that may or may not be there. */
  expectMaybeDeath(orgId: string): void;
  /** How many receipts an org's answers have named, and how many more there may be. */
  countReceipts(orgId: string): { readonly answered: number; readonly maybe: number };
}

/** Begin with nothing expected. */
export function createExpectations(orgIds: readonly string[]): Expectations {
  const nodes = new Map<string, Map<string, ExpectedNode>>();
  const turns = new Map<string, ExpectedTurn>();
  const posts: ExpectedPost[] = [];
  const deaths: ExpectedDeath[] = [];
  const maybeDeaths: string[] = [];
  return {
    orgIds,
    nodes,
    turns,
    posts,
    deaths,
    expectTurn(body) {
      const orgId = (JSON.parse(body) as { session: { org_id: string } }).session.org_id;
      const prepared = prepareTurn({ receipt: "", orgId, body });
      const known = nodes.get(orgId) ?? new Map<string, ExpectedNode>();
      nodes.set(orgId, known);
      for (const { hash, parentHash, role, content } of prepared.nodes) {
        const node = known.get(hash) ?? { parentHash: parentHash ?? undefined, role, contents: new Set() };
        node.contents.add(createHash("sha256").update(JSON.stringify(content)).digest("hex"));
        known.set(hash, node);
      }
      const harnessSessionId = prepared.session?.harnessSessionId ?? "";
      const { headHash, chainLength, inputTokens, outputTokens } = prepared.facts;
      const key = `${orgId} ${harnessSessionId} ${headHash}`;
      const turn = turns.get(key) ?? {
        orgId,
        harnessSessionId,
        headHash,
        chainLength,
        inputTokens,
        outputTokens,
        events: prepared.events.length,
        receipts: [],
        unanswered: 0,
      };
      turns.set(key, turn);
      return turn;
    },
    expectPost(post) {
      const made = { ...post, receipts: [], unanswered: 0 };
      posts.push(made);
      return made;
    },
    expectDeath: (death) => deaths.push(death),
    expectMaybeDeath: (orgId) => maybeDeaths.push(orgId),
    countReceipts(orgId) {
      const isOfOrg = (of: { readonly orgId: string }): boolean => of.orgId === orgId;
      const all = [...turns.values(), ...posts].filter(isOfOrg);
      return {
        answered: all.reduce((sum, { receipts }) => sum + receipts.length, deaths.filter(isOfOrg).length),
        maybe: all.reduce(
          (sum, { unanswered }) => sum + unanswered,
          maybeDeaths.filter((org) => org === orgId).length,
        ),
      };
    },
  };
}
