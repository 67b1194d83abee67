-- The statement read model, and the reads that it makes fast.

CREATE INDEX ledger_daily_balance_by_run ON ledger_daily_balance (book_id, through_position);

-- Adds the next positions of a book, at most p_limit. Answers how many there were; NULL if another one is adding.
-- A run never crosses a multiple of 50 000 positions. Reaching one, it takes the runs since the one before it in, so
-- that a busy account has few rows however often it is projected, and a read never has many lines to add up.
CREATE FUNCTION ledger_project(p_book bigint, p_limit int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_mergejoin = off  -- it would walk the index over all lines for the few of this run
SET enable_hashjoin = off
AS $$
DECLARE
  span constant bigint := 50000;
  v_from bigint; v_through bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(7202, p_book::int) THEN RETURN NULL; END IF;
  SELECT coalesce(max(through_position), 0) INTO v_from FROM ledger_projection WHERE book_id = p_book;
  SELECT max(position) INTO v_through FROM ledger_seal
   WHERE book_id = p_book AND position > v_from AND position <= least(v_from + p_limit, (v_from / span + 1) * span);
  IF v_through IS NULL THEN RETURN 0; END IF;

  INSERT INTO ledger_daily_balance (account_id, book_id, through_position, through_sequence, effective_on, amount_in, amount_out)
  SELECT l.account_id, p_book, v_through, max(max(l.sequence)) OVER (PARTITION BY l.account_id), l.effective_on,
         coalesce(sum(l.amount) FILTER (WHERE l.amount > 0), 0), coalesce(-sum(l.amount) FILTER (WHERE l.amount < 0), 0)
    FROM ledger_seal s JOIN ledger_line l ON l.entry_id = s.entry_id
   WHERE s.book_id = p_book AND s.position > v_from AND s.position <= v_through
   GROUP BY l.account_id, l.effective_on;
  INSERT INTO ledger_projection (book_id, through_position, projected_at) VALUES (p_book, v_through, clock_timestamp());

  IF v_through % span = 0 AND v_from > v_through - span THEN
    WITH taken AS (
      DELETE FROM ledger_daily_balance WHERE book_id = p_book AND through_position > v_through - span
      RETURNING account_id, through_sequence, effective_on, amount_in, amount_out)
    INSERT INTO ledger_daily_balance (account_id, book_id, through_position, through_sequence, effective_on, amount_in, amount_out)
    SELECT account_id, p_book, v_through, max(max(through_sequence)) OVER (PARTITION BY account_id), effective_on,
           sum(amount_in), sum(amount_out)
      FROM taken GROUP BY account_id, effective_on;
    DELETE FROM ledger_projection
     WHERE book_id = p_book AND through_position > v_through - span AND through_position < v_through;
  END IF;
  RETURN v_through - v_from;
END $$;

-- Forgets the read model of a book, so that it is made anew from the entries.
CREATE FUNCTION ledger_forget_projection(p_book bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7202, p_book::int);
  DELETE FROM ledger_daily_balance WHERE book_id = p_book;
  DELETE FROM ledger_projection WHERE book_id = p_book;
END $$;

-- The last line of an account that was known at a position (NULL: of all there are); 0 before its first.
-- Positions rise with the sequence of an account, and what has none yet stands at its end, so halving finds it.
CREATE FUNCTION ledger_sequence_at(p_account bigint, p_position bigint) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE lo bigint := 0; hi bigint; middle bigint; v_position bigint;
BEGIN
  SELECT sequence INTO hi FROM ledger_balance WHERE account_id = p_account;
  IF p_position IS NULL THEN RETURN coalesce(hi, 0); END IF;
  WHILE lo < hi LOOP
    middle := lo + (hi - lo + 1) / 2;
    SELECT s.position INTO v_position
      FROM ledger_line l LEFT JOIN ledger_seal s ON s.entry_id = l.entry_id
     WHERE l.account_id = p_account AND l.sequence = middle;
    IF v_position <= p_position THEN lo := middle; ELSE hi := middle - 1; END IF;
  END LOOP;
  RETURN lo;
END $$;

-- What entered and left an account up to an effective day (NULL: ever) by its lines up to a sequence: the rows of
-- the runs up to the nearest end of a run, and the lines from there to the sequence, or back to it.
CREATE FUNCTION ledger_turnover(p_account bigint, p_on date, p_sequence bigint, OUT amount_in numeric, OUT amount_out numeric)
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE v_end bigint; v_next bigint; v_in numeric; v_out numeric; v_sign int := 1;
BEGIN
  SELECT coalesce(sum(d.amount_in) FILTER (WHERE d.through_sequence <= p_sequence AND (p_on IS NULL OR d.effective_on <= p_on)), 0),
         coalesce(sum(d.amount_out) FILTER (WHERE d.through_sequence <= p_sequence AND (p_on IS NULL OR d.effective_on <= p_on)), 0),
         coalesce(max(d.through_sequence) FILTER (WHERE d.through_sequence <= p_sequence), 0),
         min(d.through_sequence) FILTER (WHERE d.through_sequence > p_sequence)
    INTO amount_in, amount_out, v_end, v_next
    FROM ledger_daily_balance d
   WHERE d.account_id = p_account;
  IF v_next - p_sequence < p_sequence - v_end THEN
    SELECT coalesce(sum(d.amount_in), 0), coalesce(sum(d.amount_out), 0) INTO v_in, v_out
      FROM ledger_daily_balance d
     WHERE d.account_id = p_account AND d.through_sequence = v_next AND (p_on IS NULL OR d.effective_on <= p_on);
    amount_in := amount_in + v_in;
    amount_out := amount_out + v_out;
    v_end := v_next;
    v_sign := -1;
  END IF;
  SELECT coalesce(sum(l.amount) FILTER (WHERE l.amount > 0), 0), coalesce(-sum(l.amount) FILTER (WHERE l.amount < 0), 0)
    INTO v_in, v_out
    FROM ledger_line l
   WHERE l.account_id = p_account AND l.sequence > least(v_end, p_sequence) AND l.sequence <= greatest(v_end, p_sequence)
     AND (p_on IS NULL OR l.effective_on <= p_on);
  amount_in := amount_in + v_sign * v_in;
  amount_out := amount_out + v_sign * v_out;
END $$;

-- The same by the entries up to a position (NULL: all there are).
CREATE FUNCTION ledger_turnover_as_of(p_account bigint, p_on date, p_position bigint, OUT amount_in numeric, OUT amount_out numeric)
LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$
  SELECT t.amount_in, t.amount_out FROM ledger_turnover(p_account, p_on, ledger_sequence_at(p_account, p_position)) t
$$;
