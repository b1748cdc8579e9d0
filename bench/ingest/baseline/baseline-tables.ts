/** What the yardstick writes: sessions, nodes and events in three statements a batch, in one transaction. */
import type { Sql } from "postgres";

const NIL_ORG = "00000000-0000-0000-0000-000000000000";

/** What a batch of turns comes to. */
export interface YardstickBatch {
  readonly sessions: Map<
    string,
    { readonly id: string; readonly harnessSessionId: string; input: number; output: number; turns: number }
  >;
  readonly nodes: {
    readonly hash: string;
    readonly parent: string;
    readonly sessionId: string;
    readonly role: string;
    readonly content: string;
  }[];
  readonly events: { readonly sessionId: string; readonly type: string; readonly metadata: string }[];
}

/** Make the tables, which must not be there yet. */
export async function createYardstickTables(sql: Sql): Promise<void> {
  await sql.unsafe(`
    CREATE TABLE yardstick_sessions (org uuid, id uuid, harness text, harness_session text, input bigint DEFAULT 0,
      output bigint DEFAULT 0, turns int DEFAULT 0, sequence bigint DEFAULT 0,
      PRIMARY KEY (org, id), UNIQUE (org, harness, harness_session));
    CREATE TABLE yardstick_nodes (org uuid, hash text, parent text, session uuid, role text, content jsonb, model text,
      provider text, created_at timestamptz DEFAULT now(), PRIMARY KEY (org, hash));
    CREATE INDEX ON yardstick_nodes (session);
    CREATE INDEX ON yardstick_nodes (org, parent);
    CREATE TABLE yardstick_events (org uuid, session uuid, sequence bigint, id uuid DEFAULT gen_random_uuid(), type text,
      created_at timestamptz DEFAULT clock_timestamp(), metadata jsonb,
      PRIMARY KEY (org, session, sequence), UNIQUE (org, session, id))`);
}

/** Write a batch, sessions in the order of their ids so that lanes never wait for each other in a circle. */
export async function writeYardstickBatch(
  sql: Sql,
  { sessions, nodes, events }: YardstickBatch,
): Promise<void> {
  const sorted = [...sessions.values()].toSorted((left, right) => (left.id < right.id ? -1 : 1));
  await sql.begin(async (tx) => {
    await tx`
      INSERT INTO yardstick_sessions (org, id, harness, harness_session, input, output, turns, sequence)
      SELECT ${NIL_ORG}, id, 'claude', harness, input, output, turns, turns * 3
      FROM unnest(${sorted.map(({ id }) => id)}::uuid[], ${sorted.map((row) => row.harnessSessionId)}::text[],
                  ${sorted.map(({ input }) => input)}::bigint[], ${sorted.map(({ output }) => output)}::bigint[],
                  ${sorted.map(({ turns }) => turns)}::int[]) AS u (id, harness, input, output, turns)
      ON CONFLICT (org, id) DO UPDATE SET input = yardstick_sessions.input + excluded.input,
        output = yardstick_sessions.output + excluded.output, turns = yardstick_sessions.turns + excluded.turns,
        sequence = yardstick_sessions.sequence + excluded.sequence`;
    if (nodes.length > 0) {
      await tx`
        INSERT INTO yardstick_nodes (org, hash, parent, session, role, content, model, provider)
        SELECT ${NIL_ORG}, hash, parent, session, role, content::jsonb, 'm', 'anthropic'
        FROM unnest(${nodes.map(({ hash }) => hash)}::text[], ${nodes.map(({ parent }) => parent)}::text[],
                    ${nodes.map((row) => row.sessionId)}::uuid[], ${nodes.map(({ role }) => role)}::text[],
                    ${nodes.map(({ content }) => content)}::text[]) AS u (hash, parent, session, role, content)
        ON CONFLICT DO NOTHING`;
    }
    await tx`
      INSERT INTO yardstick_events (org, session, sequence, type, metadata)
      SELECT ${NIL_ORG}, session,
             (SELECT coalesce(max(sequence), 0) FROM yardstick_events WHERE org = ${NIL_ORG} AND session = u.session)
               + row_number() OVER (PARTITION BY session), type, metadata::jsonb
      FROM unnest(${events.map((row) => row.sessionId)}::uuid[], ${events.map(({ type }) => type)}::text[],
                  ${events.map(({ metadata }) => metadata)}::text[]) AS u (session, type, metadata)`;
  });
}
