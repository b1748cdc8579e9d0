-- The ledger counts the receipts by outcome, in the transaction that writes them: so a count is right whenever it is read,
-- and reading it costs a few rows, not all receipts. A connection always counts in the same one of 32 rows.
CREATE FUNCTION count_receipts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger_counts AS l (org_id, outcome, shard, count)
  SELECT org_id, outcome, pg_backend_pid() % 32, count(*) FROM inserted GROUP BY org_id, outcome ORDER BY org_id, outcome
  ON CONFLICT (org_id, outcome, shard) DO UPDATE SET count = l.count + excluded.count;
  RETURN NULL;
END
$$;
--> statement-breakpoint
-- It takes the lock that keeps writers out until the receipts that are there already are counted, below.
CREATE TRIGGER receipts_counted
  AFTER INSERT ON receipts REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION count_receipts();
--> statement-breakpoint
-- Of what ended before now nobody has counted that it was accepted: `before` stands in for that.
INSERT INTO ledger_counts (org_id, outcome, shard, count)
SELECT org_id, outcome, 0, count(*) FROM receipts GROUP BY org_id, outcome
UNION ALL
SELECT org_id, 'before', 0, count(*) FROM receipts GROUP BY org_id;
--> statement-breakpoint
-- Its rows change all the time and hold no index but the key: room in each page keeps old versions from piling up.
ALTER TABLE ledger_counts SET (fillfactor = 20);
--> statement-breakpoint
-- The log of acts is append-only by the database, whoever connects.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
--> statement-breakpoint
CREATE TRIGGER audit_log_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
