-- What the database refuses whoever asks: what was known at a time is never changed afterwards.

CREATE TRIGGER rates_sourcefile_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rates_sourcefile
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER rates_load_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rates_load
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER rates_quote_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rates_quote
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();

ALTER TABLE rates_sourcefile ADD CONSTRAINT source_file_is_its_hash CHECK (sha256 = encode(sha256(content), 'hex'));
ALTER TABLE rates_quote ADD CONSTRAINT quote_day_finite CHECK (isfinite(day));

-- Loads follow each other by id and by time, so that "known by then" is "of a load up to this one".
CREATE FUNCTION rates_guard_load() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7215);
  IF EXISTS (SELECT FROM rates_load WHERE id >= NEW.id OR recorded_at > NEW.recorded_at) THEN
    RAISE EXCEPTION 'RATES_LOAD_ORDER: a load comes after all others, by id and by time' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER rates_load_follows BEFORE INSERT ON rates_load FOR EACH ROW EXECUTE FUNCTION rates_guard_load();

-- A load is written after its quotes: once it stands, nothing joins it.
CREATE FUNCTION rates_guard_quotes() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF EXISTS (SELECT FROM fresh f JOIN rates_load l ON l.id >= f.load_id) THEN
    RAISE EXCEPTION 'RATES_LOAD_DONE: quotes join no load that stands, nor one before it' USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER rates_quote_of_new_load AFTER INSERT ON rates_quote
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION rates_guard_quotes();
