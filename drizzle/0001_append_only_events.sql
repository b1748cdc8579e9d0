-- Events are append-only by the database: whoever connects, a stored event can be neither changed nor removed. Erasure is
-- the one change that an event may undergo: its content goes, its number stays, and only the function below may do it.
CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('turnpike.erasing', true) = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'session_events is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
--> statement-breakpoint
CREATE TRIGGER session_events_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON session_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_change();
--> statement-breakpoint
-- Clients choose ids and types of their own: what looks like a tombstone may be none. An event counts as erased only when
-- nothing is left of it, and a tombstone's id is one that nobody can have taken before.
CREATE FUNCTION redact_session_events(of_org uuid, of_session uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET turnpike.erasing = 'on' SET search_path FROM CURRENT AS $$
DECLARE
  redacted bigint;
BEGIN
  UPDATE session_events
  SET event_type = 'redacted', id = 'redacted:' || gen_random_uuid(), occurred_at = NULL, metadata = '{}', run_id = NULL,
      message = NULL, node_hash = NULL, turn_id = NULL
  WHERE org_id = of_org AND session_id = of_session AND NOT (
    event_type = 'redacted' AND id ~ '^redacted:[0-9a-f-]{36}$' AND occurred_at IS NULL AND metadata::text = '{}'
    AND run_id IS NULL AND message IS NULL AND node_hash IS NULL AND turn_id IS NULL);
  GET DIAGNOSTICS redacted = ROW_COUNT;
  RETURN redacted;
END
$$;
