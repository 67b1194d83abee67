-- The periods of a book: days are open, closing (only what adjusts is taken) or closed. The posting function reads them
-- under a lock that it shares with other postings, and that every change of them takes alone.

-- Where the entries of a call stand in the periods of their books, each on the day that its effective time (NULL: now) is in
-- the book's time zone: whether it is refused there, when it takes effect, and when it should have. The two times
-- differ where the book posts what is late at the beginning of its first day that is open to the entry.
CREATE FUNCTION ledger_place_in_periods(
  p_books bigint[], p_effective timestamptz[], p_adjusts boolean[], p_now timestamptz,
  OUT o_closed boolean[], OUT o_effective timestamptz[], OUT o_intended timestamptz[])
LANGUAGE plpgsql
AS $$
BEGIN
  SELECT array_agg(x.late AND NOT x.moves ORDER BY u.i),
         array_agg(CASE WHEN x.late AND x.moves THEN (x.through + 1)::timestamp AT TIME ZONE b.time_zone ELSE u.at END ORDER BY u.i),
         array_agg(CASE WHEN x.late AND x.moves THEN coalesce(u.at, p_now) END ORDER BY u.i)
    INTO o_closed, o_effective, o_intended
    FROM unnest(p_books, p_effective, p_adjusts) WITH ORDINALITY u(book, at, adjusts, i)
    JOIN operations_book b ON b.id = u.book
    LEFT JOIN ledger_bookperiod c ON c.book_id = u.book
   CROSS JOIN LATERAL (SELECT CASE WHEN u.adjusts THEN c.closed_through
                                   ELSE greatest(c.closed_through, c.closing_through) END through) t
   CROSS JOIN LATERAL (SELECT t.through,
                              coalesce((coalesce(u.at, p_now) AT TIME ZONE b.time_zone)::date <= t.through, false) late,
                              coalesce(c.late_policy = 'next_open_day', false) moves) x;
END $$;

-- Changes the periods of a book, and keeps the change. Waits for the postings under way, which hold the lock shared. So
-- the ordinal of the change lies after those of all entries that were posted before it, and before all others.
CREATE FUNCTION ledger_change_period(
  p_id uuid, p_book bigint, p_what text, p_closed_through date, p_closing_through date, p_late_policy text,
  p_operation uuid, p_by text, p_reason text, p_now timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7201, p_book::int);
  INSERT INTO ledger_bookperiod (book_id, closed_through, closing_through, late_policy)
  VALUES (p_book, p_closed_through, p_closing_through, p_late_policy)
      ON CONFLICT (book_id) DO UPDATE
     SET closed_through = p_closed_through, closing_through = p_closing_through, late_policy = p_late_policy;
  INSERT INTO ledger_periodchange (id, book_id, what, closed_through, closing_through, late_policy, ordinal, operation_id,
                                   changed_by, changed_at, reason)
  VALUES (p_id, p_book, p_what, p_closed_through, p_closing_through, p_late_policy, nextval('operations_ordinal'),
          p_operation, p_by, p_now, p_reason);
END $$;

CREATE TRIGGER ledger_periodchange_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_periodchange
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();

-- The last position of a book whose ordinal is below this one; 0 if none. Both rise together, so halving finds it.
CREATE FUNCTION ledger_position_before(p_book bigint, p_ordinal bigint) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE lo bigint := 0; hi bigint; middle bigint;
BEGIN
  SELECT coalesce(max(position), 0) INTO hi FROM ledger_seal WHERE book_id = p_book;
  WHILE lo < hi LOOP
    middle := lo + (hi - lo + 1) / 2;
    IF (SELECT s.ordinal < p_ordinal FROM ledger_seal s WHERE s.book_id = p_book AND s.position = middle)
    THEN lo := middle; ELSE hi := middle - 1; END IF;
  END LOOP;
  RETURN lo;
END $$;
