-- Writes an entry of one plain posting for ledger_post, by statements on single rows, which start quicker than the
-- set-based machinery. Answers the balances of source and destination as shown; or NULL, with nothing
-- changed, where anything at all is doubtful.
CREATE FUNCTION ledger_write_one(
  p_id uuid, p_book bigint, p_reference text, p_hash bytea, p_kind text, p_description text, p_metadata jsonb,
  p_operation uuid, p_template int, p_effective timestamptz, p_source bigint, p_destination bigint, p_currency text, p_amount numeric,
  p_now timestamptz)
RETURNS numeric[]
LANGUAGE plpgsql
AS $$
DECLARE
  -- Locked in the order of everybody else.
  v_first bigint := least(p_source, p_destination);
  v_second bigint := greatest(p_source, p_destination);
  v_change numeric := CASE WHEN p_source < p_destination THEN -p_amount ELSE p_amount END;
  v_at timestamptz := coalesce(p_effective, p_now);
  v_on date; one record; two record;
BEGIN
  UPDATE ledger_balance SET balance = balance + v_change, sequence = sequence + 1, recorded_at = p_now
   WHERE account_id = v_first AND book_id = p_book AND currency = p_currency AND NOT closed AND NOT owing AND NOT names_holds
     AND recorded_at <= p_now AND frozen_in_until IS NULL AND frozen_out_until IS NULL AND abs(balance + v_change) < 1e38
     AND (floor IS NULL OR floor <= (balance + v_change) * side)
  RETURNING balance, sequence, balance * side shown INTO one;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;

  UPDATE ledger_balance SET balance = balance - v_change, sequence = sequence + 1, recorded_at = p_now
   WHERE account_id = v_second AND book_id = p_book AND currency = p_currency AND NOT closed AND NOT owing AND NOT names_holds
     AND recorded_at <= p_now AND frozen_in_until IS NULL AND frozen_out_until IS NULL AND abs(balance - v_change) < 1e38
     AND (floor IS NULL OR floor <= (balance - v_change) * side)
  RETURNING balance, sequence, balance * side shown INTO two;
  IF NOT FOUND THEN
    UPDATE ledger_balance SET balance = balance - v_change, sequence = sequence - 1 WHERE account_id = v_first;
    RETURN NULL;
  END IF;

  INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, operation_id,
                            template_id, effective_at, effective_on, recorded_at, ordinal)
  SELECT p_id, p_book, p_reference, p_hash, p_kind, p_description, p_metadata, p_operation,
         p_template, v_at, (v_at AT TIME ZONE b.time_zone)::date, p_now, nextval('operations_ordinal')
    FROM operations_book b
    LEFT JOIN ledger_bookperiod c ON c.book_id = b.id
   WHERE b.id = p_book
     AND ((v_at AT TIME ZONE b.time_zone)::date > greatest(c.closed_through, c.closing_through)) IS NOT FALSE
      ON CONFLICT (book_id, reference) DO NOTHING
  RETURNING effective_on INTO v_on;
  IF NOT FOUND THEN
    UPDATE ledger_balance
       SET balance = balance - CASE account_id WHEN v_first THEN v_change ELSE -v_change END, sequence = sequence - 1
     WHERE account_id IN (v_first, v_second);
    RETURN NULL;
  END IF;

  INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after, effective_at, effective_on, recorded_at)
  VALUES (v_first, one.sequence, p_id, 1, v_change, one.balance, v_at, v_on, p_now),
         (v_second, two.sequence, p_id, 1, -v_change, two.balance, v_at, v_on, p_now);
  RETURN CASE WHEN p_source < p_destination THEN ARRAY[one.shown, two.shown] ELSE ARRAY[two.shown, one.shown] END;
END $$;
