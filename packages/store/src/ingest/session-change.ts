import { canonicalJson } from "@turnpike/domain/chain/canonical-json";
import type { JsonValue } from "@turnpike/domain/json/json";
import type { PreparedSessionTurn, SessionFacts } from "@turnpike/domain/prepare/prepared-turn";
import { addUsd } from "./add-usd.ts";
import type { LockedSession } from "./lock-sessions.ts";

/** The facts of a session that its turns may change; null means not known. */
export interface ChangedFacts {
  authSubject: string;
  harnessVersion: string | null;
  cwd: string | null;
  name: string | null;
  parentSessionId: string | null;
  /** Only the keys that change. */
  readonly metadata: Map<string, JsonValue>;
}

/** By how much the counters of a session move. */
export interface ChangedCounters {
  turns: number;
  unpricedTurns: number;
  inputTokens: number;
  outputTokens: number;
  cacheCreationInputTokens: number;
  cacheReadInputTokens: number;
  costUsd: string;
  events: number;
}

/** What the turns of one batch make of one locked session. */
export interface SessionChange {
  readonly session: LockedSession;
  readonly facts: Readonly<ChangedFacts>;
  readonly counters: Readonly<ChangedCounters>;
  isFirstTurn(): boolean;
  isDirty(): boolean;
  /** Take the next event numbers: the first one, and its offset in microseconds from the session's next event time. */
  takeNumbers(count: number): { readonly sequence: number; readonly offsetUs: number };
  /** Count a new turn, and take over what its envelope says. */
  countTurn(turn: PreparedSessionTurn): void;
  /** Take over what an envelope says: what it leaves out stays, what it names wins. */
  takeFacts(facts: SessionFacts): void;
  /** Take over what a repeated turn's envelope knows and the session does not: a late retry never undoes a newer fact. */
  fillBlanks(facts: SessionFacts): void;
}

/** Start from a locked session, with the parent that it is to get, if any. */
export function createSessionChange(session: LockedSession, parentId: string | undefined): SessionChange {
  const facts: ChangedFacts = {
    authSubject: session.authSubject,
    harnessVersion: session.harnessVersion,
    cwd: session.cwd,
    name: session.name,
    parentSessionId: parentId ?? null,
    metadata: new Map(),
  };
  const counters: ChangedCounters = {
    turns: 0,
    unpricedTurns: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheCreationInputTokens: 0,
    cacheReadInputTokens: 0,
    costUsd: "0",
    events: 0,
  };
  const known = new Map<string, JsonValue>(Object.entries(session.metadata));
  let dirty = parentId !== undefined;

  function setMetadata(key: string, value: JsonValue): void {
    const current = known.get(key);
    if (current !== undefined && canonicalJson(current) === canonicalJson(value)) return;
    known.set(key, value);
    facts.metadata.set(key, value);
    dirty = true;
  }

  function setFact(key: "authSubject" | "harnessVersion" | "cwd" | "name", value: string | undefined): void {
    if (value === undefined || value === "" || facts[key] === value) return;
    facts[key] = value;
    dirty = true;
  }

  function takeFacts(given: SessionFacts): void {
    setFact("authSubject", given.authSubject);
    setFact("harnessVersion", given.harnessVersion);
    setFact("cwd", given.cwd);
    setFact("name", given.name);
    for (const [key, value] of Object.entries(given.metadata)) setMetadata(key, value);
  }

  return {
    session,
    facts,
    counters,
    isFirstTurn: () => session.turnCount + counters.turns === 0,
    isDirty: () => dirty,
    takeNumbers(count) {
      const taken = { sequence: session.latestSequence + counters.events + 1, offsetUs: counters.events };
      counters.events += count;
      dirty ||= count > 0;
      return taken;
    },
    countTurn(turn) {
      dirty = true;
      counters.turns += 1;
      counters.unpricedTurns += turn.facts.costUsd === null ? 1 : 0;
      counters.inputTokens += turn.facts.inputTokens;
      counters.outputTokens += turn.facts.outputTokens;
      counters.cacheCreationInputTokens += turn.facts.cacheCreationInputTokens;
      counters.cacheReadInputTokens += turn.facts.cacheReadInputTokens;
      counters.costUsd = addUsd(counters.costUsd, turn.facts.costUsd ?? "0");
      takeFacts(turn.session);
    },
    takeFacts,
    fillBlanks(given) {
      if (facts.authSubject === "") setFact("authSubject", given.authSubject);
      if (facts.harnessVersion === null) setFact("harnessVersion", given.harnessVersion);
      if (facts.cwd === null) setFact("cwd", given.cwd);
      if (facts.name === null) setFact("name", given.name);
      for (const [key, value] of Object.entries(given.metadata)) {
        if (!known.has(key)) setMetadata(key, value);
      }
    },
  };
}
