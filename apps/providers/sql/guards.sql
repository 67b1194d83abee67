-- What was asked of providers and what they answered is evidence: written once.
CREATE TRIGGER providers_attempt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON providers_attempt
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER providers_answer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON providers_answer
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();

-- What came from a provider stays as it came; only what became of it is written later.
CREATE FUNCTION providers_as_it_came() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'APPEND_ONLY: % refuses %: what a provider sent stays as it came', TG_TABLE_NAME, TG_OP
    USING ERRCODE = '42501';
END $$;

CREATE TRIGGER providers_inboundmessage_stays BEFORE DELETE OR TRUNCATE ON providers_inboundmessage
  FOR EACH STATEMENT EXECUTE FUNCTION providers_as_it_came();
CREATE TRIGGER providers_inboundmessage_as_it_came BEFORE UPDATE ON providers_inboundmessage
  FOR EACH ROW WHEN ((OLD.provider_id, OLD.body, OLD.sha256, OLD.headers, OLD.remote_address, OLD.received_at)
    IS DISTINCT FROM (NEW.provider_id, NEW.body, NEW.sha256, NEW.headers, NEW.remote_address, NEW.received_at))
  EXECUTE FUNCTION providers_as_it_came();
CREATE TRIGGER providers_inboundconflict_stays BEFORE DELETE OR TRUNCATE ON providers_inboundconflict
  FOR EACH STATEMENT EXECUTE FUNCTION providers_as_it_came();
CREATE TRIGGER providers_inboundconflict_as_it_came BEFORE UPDATE ON providers_inboundconflict
  FOR EACH ROW WHEN ((OLD.message_id, OLD.body, OLD.sha256, OLD.headers, OLD.remote_address, OLD.received_at)
    IS DISTINCT FROM (NEW.message_id, NEW.body, NEW.sha256, NEW.headers, NEW.remote_address, NEW.received_at))
  EXECUTE FUNCTION providers_as_it_came();

-- A file is produced once. What is in it, and that it was made, never changes.
CREATE FUNCTION providers_made_once() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'MADE_ONCE: % refuses %: a file and its payments stay as they were made', TG_TABLE_NAME, TG_OP
    USING ERRCODE = '42501';
END $$;

CREATE TRIGGER providers_railfile_stays BEFORE DELETE OR TRUNCATE ON providers_railfile
  FOR EACH STATEMENT EXECUTE FUNCTION providers_made_once();
CREATE TRIGGER providers_railfile_is_made_once BEFORE UPDATE ON providers_railfile
  FOR EACH ROW WHEN ((OLD.id, OLD.provider_id, OLD.message_id, OLD.format, OLD.scheme, OLD.content, OLD.sha256, OLD.size,
                      OLD.count, OLD.total, OLD.currency, OLD.execute_on, OLD.made_at)
    IS DISTINCT FROM (NEW.id, NEW.provider_id, NEW.message_id, NEW.format, NEW.scheme, NEW.content, NEW.sha256, NEW.size,
                      NEW.count, NEW.total, NEW.currency, NEW.execute_on, NEW.made_at))
  EXECUTE FUNCTION providers_made_once();
CREATE TRIGGER providers_railpayment_stays BEFORE DELETE OR TRUNCATE ON providers_railpayment
  FOR EACH STATEMENT EXECUTE FUNCTION providers_made_once();

-- A payment stays what it is, goes into one file once, and never comes back to where it waits or was not yet told of.
CREATE FUNCTION providers_payment_goes_on() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF (OLD.id, OLD.provider_id, OLD.reference, OLD.scheme, OLD.amount, OLD.currency, OLD."to", OLD.memo, OLD.created_at)
     IS DISTINCT FROM
     (NEW.id, NEW.provider_id, NEW.reference, NEW.scheme, NEW.amount, NEW.currency, NEW."to", NEW.memo, NEW.created_at) THEN
    RAISE EXCEPTION 'MADE_ONCE: the payment % stays what it is', OLD.reference USING ERRCODE = '42501';
  END IF;
  IF OLD.status <> 'waiting'
     AND (OLD.file_id, OLD.sequence, OLD.execute_on) IS DISTINCT FROM (NEW.file_id, NEW.sequence, NEW.execute_on) THEN
    RAISE EXCEPTION 'MADE_ONCE: the payment % stays where it is', OLD.reference USING ERRCODE = '42501';
  END IF;
  IF OLD.booked_as NOT IN ('', NEW.booked_as) THEN
    RAISE EXCEPTION 'MADE_ONCE: the payment % stays booked as it is', OLD.reference USING ERRCODE = '42501';
  END IF;
  IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
      ('waiting', 'in_file'), ('waiting', 'cancelled'),
      ('in_file', 'accepted'), ('in_file', 'rejected'), ('in_file', 'booked'), ('in_file', 'returned'),
      ('accepted', 'rejected'), ('accepted', 'booked'), ('accepted', 'returned'),
      ('rejected', 'booked'), ('rejected', 'returned'), ('booked', 'returned')) THEN
    RAISE EXCEPTION 'MADE_ONCE: the payment % is % and cannot become %', OLD.reference, OLD.status, NEW.status
      USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER providers_railpayment_goes_on BEFORE UPDATE ON providers_railpayment
  FOR EACH ROW EXECUTE FUNCTION providers_payment_goes_on();

-- A file holds what it says: so many payments, of this sum, its provider's own. Payments come into a file by one statement,
-- so none can be put in later, and a transaction that makes a file and leaves it empty is refused when it ends.
CREATE FUNCTION providers_refuse_odd_files(files uuid[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  odd text;
BEGIN
  SELECT f.message_id INTO odd
    FROM providers_railfile f
    LEFT JOIN LATERAL (
      SELECT count(*) AS n, sum(p.amount) AS total,
             bool_and((p.provider_id, p.currency, p.scheme, p.execute_on)
                      = (f.provider_id, f.currency, f.scheme, f.execute_on)) AS alike
        FROM providers_railpayment p WHERE p.file_id = f.id) held ON true
   WHERE f.id = ANY (files) AND NOT coalesce(held.n = f.count AND held.total = f.total AND held.alike, false)
   LIMIT 1;
  IF odd IS NOT NULL THEN
    RAISE EXCEPTION 'FILE_ADDS_UP: the payments of the file % are not those that it says', odd USING ERRCODE = '23514';
  END IF;
END $$;

CREATE FUNCTION providers_file_adds_up() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM providers_refuse_odd_files(ARRAY[NEW.id]);
  RETURN NULL;
END $$;

CREATE FUNCTION providers_payments_came() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM providers_refuse_odd_files(ARRAY(SELECT DISTINCT n.file_id FROM new_rows n WHERE n.file_id IS NOT NULL));
  RETURN NULL;
END $$;

-- A tenant cancels what waits, and reaches no file.
CREATE FUNCTION providers_payments_moved() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  files uuid[] := ARRAY(
    SELECT DISTINCT n.file_id FROM new_rows n JOIN old_rows o ON o.id = n.id
     WHERE n.file_id IS DISTINCT FROM o.file_id AND n.file_id IS NOT NULL);
BEGIN
  IF files <> '{}' THEN
    PERFORM providers_refuse_odd_files(files);
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER providers_railfile_adds_up AFTER INSERT ON providers_railfile
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION providers_file_adds_up();
CREATE TRIGGER providers_railpayment_came AFTER INSERT ON providers_railpayment
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION providers_payments_came();
CREATE TRIGGER providers_railpayment_moved AFTER UPDATE ON providers_railpayment
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION providers_payments_moved();
