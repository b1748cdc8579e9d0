CREATE TABLE "event_erasures" (
	"transaction" "xid8" PRIMARY KEY NOT NULL
);
--> statement-breakpoint
-- What runs with the rights of another, and what stands guard, looks names up where nobody else can put one: names of ours are
-- written with their schema, all others are the catalog's, and the session's temporary tables come last.
DO $migration$
DECLARE
  -- Wherever the tables are.
  home name := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid = 'session_events'::regclass);
  definition text;
BEGIN
  FOREACH definition IN ARRAY ARRAY[
    -- Erasure is known by what cannot be had by a setting: the rights of the owner of the function that erases, and a row that this
    -- function alone writes, and that is gone when it returns. So neither whoever may UPDATE nor the owner changes an event.
    $function$
    CREATE OR REPLACE FUNCTION @.refuse_event_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND current_user = (
        SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE oid = '@.redact_session_events(uuid, uuid)'::regprocedure
      ) THEN
        IF EXISTS (SELECT FROM @.event_erasures WHERE transaction = pg_current_xact_id()) THEN
          RETURN NULL;
        END IF;
      END IF;
      RAISE EXCEPTION 'session_events is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    $$
    $function$,
    $function$
    CREATE OR REPLACE FUNCTION @.redact_session_events(of_org uuid, of_session uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
      redacted bigint;
    BEGIN
      INSERT INTO @.event_erasures (transaction) VALUES (pg_current_xact_id());
      UPDATE @.session_events
      SET event_type = 'redacted', id = 'redacted:' || gen_random_uuid(), occurred_at = NULL, metadata = '{}', run_id = NULL,
          message = NULL, node_hash = NULL, turn_id = NULL
      WHERE org_id = of_org AND session_id = of_session AND NOT (
        event_type = 'redacted' AND id ~ '^redacted:[0-9a-f-]{36}$' AND occurred_at IS NULL AND metadata::text = '{}'
        AND run_id IS NULL AND message IS NULL AND node_hash IS NULL AND turn_id IS NULL);
      GET DIAGNOSTICS redacted = ROW_COUNT;
      DELETE FROM @.event_erasures WHERE transaction = pg_current_xact_id();
      RETURN redacted;
    END
    $$
    $function$,
    $function$
    CREATE OR REPLACE FUNCTION @.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      RAISE EXCEPTION 'audit_log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    $$
    $function$,
    -- It counts with the rights of whoever stores, on the path of every turn: its table has a schema, and that is enough.
    $function$
    CREATE OR REPLACE FUNCTION @.count_receipts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO @.ledger_counts AS l (org_id, outcome, shard, count)
      SELECT org_id, outcome, pg_backend_pid() % 32, count(*) FROM inserted GROUP BY org_id, outcome ORDER BY org_id, outcome
      ON CONFLICT (org_id, outcome, shard) DO UPDATE SET count = l.count + excluded.count;
      RETURN NULL;
    END
    $$
    $function$,
    'REVOKE ALL ON FUNCTION @.refuse_event_change(), @.redact_session_events(uuid, uuid), @.refuse_audit_change(),
       @.count_receipts() FROM PUBLIC',
    'REVOKE ALL ON @.event_erasures FROM PUBLIC'
  ] LOOP
    EXECUTE replace(definition, '@', quote_ident(home));
  END LOOP;

  -- Nobody gets the right to make something, here or in the session's own schema, by merely being there. A role that does not own the
  -- schema or the database cannot take it away: then docs/operations.md says who has to.
  IF (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = home) THEN
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', home);
  END IF;
  IF (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  END IF;
END
$migration$;
