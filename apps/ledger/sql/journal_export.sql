-- Exports of a book's journal follow each other: the first begins at position one, each other where the last one
-- ended, and none goes beyond what is sealed. They are made one after the other under a lock of the book.
CREATE FUNCTION ledger_guard_journal_export() RETURNS trigger
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE v_number bigint; v_through bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7214, NEW.book_id::int);
  SELECT number, through_position INTO v_number, v_through
    FROM ledger_journal_export WHERE book_id = NEW.book_id ORDER BY number DESC LIMIT 1;
  IF NEW.number <> coalesce(v_number, 0) + 1 OR NEW.from_position <> coalesce(v_through, 0) + 1
     OR NOT EXISTS (SELECT FROM ledger_seal WHERE book_id = NEW.book_id AND position = NEW.through_position) THEN
    RAISE EXCEPTION 'LEDGER_EXPORT_ORDER: an export begins where the last one of its book ended, and ends at a sealed entry'
      USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER ledger_journal_export_follows BEFORE INSERT ON ledger_journal_export
  FOR EACH ROW EXECUTE FUNCTION ledger_guard_journal_export();
CREATE TRIGGER ledger_journal_export_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journal_export
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
