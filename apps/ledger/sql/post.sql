-- The posting function: one or many entries over any accounts, currencies and books, in one call.
--
-- Entry arrays (p_ids .. p_effective) are aligned with each other; leg arrays (p_entry .. p_hold_use) too.
-- p_entry[i] is the 1-based entry of leg i and p_posting[i] its number within it; legs stand in entry order. An account that could not be
-- resolved is NULL. Entries of one group (p_groups) stand together and are accepted or refused together.
--
-- o_codes[e]    NULL when entry e was posted, else why it was refused. Of several reasons the first of this list
--               is said:
--                 ALREADY_REVERSED       the entry it would reverse has its reversal
--                 DUPLICATE_TRANSACTION  the reference stands; o_ids[e] is the entry that has it
--                 INVALID_AMOUNT         not a whole number from 1 to 10^38 - 1
--                 SAME_ACCOUNT           source and destination are one account
--                 ACCOUNT_NOT_FOUND      no such account in the entry's book
--                 CURRENCY_MISMATCH      the account holds another currency
--                 ACCOUNT_CLOSED
--                 PERIOD_CLOSED          the book is closed through the entry's date
--                 ACCOUNT_FROZEN         in the direction of the posting; a hold's own legs pass
--                 HOLD_REQUIRED          a reserve account is moved without naming a hold
--                 HOLD_NOT_FOUND         no such hold on that account
--                 HOLD_EXHAUSTED         less remains of the hold than is asked
--                 INSUFFICIENT_BALANCE   the account would fall below its floor
--                 BALANCE_OVERFLOW       the account would leave numeric(38,0)
--                 GROUP_REFUSED          another entry of the group was refused
-- o_details[e]  the leg (1-based within the call) that the code speaks of.
-- o_balances    when p_balances: for each leg of each posted entry, in order, the source's and the
--               destination's balance after it, as shown.
--
-- Locks, always in this order: periods (shared), holds by id, balances by account. So no two calls deadlock.
-- If nothing can run short in any order all entries are accepted set-based, which is exactly what one after
-- the other would give; else a loop over arrays decides in input order, and only what must be refused is.
CREATE FUNCTION ledger_post(
  p_ids uuid[], p_books bigint[], p_references text[], p_hashes bytea[], p_kinds text[], p_descriptions text[],
  p_metadata jsonb[], p_groups uuid[], p_reverses uuid[], p_operations uuid[], p_effective timestamptz[],
  p_entry int[], p_posting smallint[], p_source bigint[], p_destination bigint[], p_currency text[],
  p_amount numeric[], p_hold uuid[], p_hold_use smallint[], p_balances boolean,
  OUT o_codes text[], OUT o_ids uuid[], OUT o_details int[], OUT o_balances numeric[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan  -- a plan made on a young table must not stay a sequential scan
SET enable_seqscan = off
AS $$
DECLARE
  n int := cardinality(p_ids);
  v_holds boolean := cardinality(array_remove(p_hold, NULL)) > 0;
  v_groups boolean := cardinality(array_remove(p_groups, NULL)) > 0;
  v_found int; v_expected int; v_slow boolean; v_last timestamptz; v_now timestamptz;
  v_known int; v_closed boolean; v_books int; v_distinct int;
  v_effective timestamptz[]; v_on date[]; v_ok boolean[];
  a record;
BEGIN
  o_ids := p_ids;

  -- One plain posting: the same rules on scalars, without the set-based machinery.
  IF n = 1 AND cardinality(p_source) = 1 AND NOT v_holds AND NOT v_groups AND p_reverses[1] IS NULL
     AND p_source[1] <> p_destination[1] AND p_amount[1] > 0 AND p_amount[1] = trunc(p_amount[1]) THEN
    PERFORM pg_advisory_xact_lock_shared(7201, p_books[1]::int);
    SELECT lo.balance lo_balance, lo.sequence lo_sequence, lo.side lo_side, hi.side hi_side, hi.balance hi_balance, hi.sequence hi_sequence,
           p_source[1] = lo.account_id source_is_lo, greatest(lo.recorded_at, hi.recorded_at) last,
           CASE WHEN p_source[1] = lo.account_id THEN -p_amount[1] ELSE p_amount[1] END lo_amount,
           lo.floor IS NULL OR (lo.balance + CASE WHEN p_source[1] = lo.account_id THEN -p_amount[1] ELSE p_amount[1] END) * lo.side >= lo.floor lo_covered,
           hi.floor IS NULL OR (hi.balance + CASE WHEN p_source[1] = lo.account_id THEN p_amount[1] ELSE -p_amount[1] END) * hi.side >= hi.floor hi_covered,
           lo.frozen_in_until IS NULL AND lo.frozen_out_until IS NULL AND hi.frozen_in_until IS NULL
             AND hi.frozen_out_until IS NULL AND NOT lo.closed AND NOT hi.closed AND NOT lo.names_holds
             AND NOT hi.names_holds AND lo.book_id = p_books[1] AND hi.book_id = p_books[1]
             AND lo.currency = p_currency[1] AND hi.currency = p_currency[1] plain
      INTO a
      FROM ledger_balance lo, ledger_balance hi
     WHERE lo.account_id = least(p_source[1], p_destination[1])
       AND hi.account_id = greatest(p_source[1], p_destination[1])
       FOR NO KEY UPDATE OF lo, hi;
    IF a.plain AND a.lo_covered AND a.hi_covered
       AND greatest(abs(a.lo_balance), abs(a.hi_balance)) + p_amount[1] < 1e38 THEN
      v_now := greatest(clock_timestamp(), a.last);
      INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, operation_id,
                                effective_at, effective_on, recorded_at, ordinal)
      SELECT p_ids[1], p_books[1], p_references[1], p_hashes[1], p_kinds[1], p_descriptions[1], p_metadata[1],
             p_operations[1], t.at, t.at_date, v_now, nextval('operations_ordinal')
        FROM operations_book k
        LEFT JOIN ledger_bookperiod c ON c.book_id = k.id
        CROSS JOIN LATERAL (SELECT coalesce(p_effective[1], v_now) at,
                                   (coalesce(p_effective[1], v_now) AT TIME ZONE k.time_zone)::date at_date) t
       WHERE k.id = p_books[1] AND (c.closed_through IS NULL OR t.at_date > c.closed_through)
          ON CONFLICT (book_id, reference) DO NOTHING
      RETURNING ARRAY[effective_at], ARRAY[effective_on] INTO v_effective, v_on;
      IF FOUND THEN
        WITH moved AS (
          UPDATE ledger_balance
             SET balance = CASE account_id WHEN least(p_source[1], p_destination[1]) THEN a.lo_balance + a.lo_amount
                                           ELSE a.hi_balance - a.lo_amount END,
                 sequence = sequence + 1, recorded_at = v_now
           WHERE account_id IN (p_source[1], p_destination[1]))
        INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after, effective_at, effective_on, recorded_at)
        VALUES (least(p_source[1], p_destination[1]), a.lo_sequence + 1, p_ids[1], 1, a.lo_amount, a.lo_balance + a.lo_amount, v_effective[1], v_on[1], v_now),
               (greatest(p_source[1], p_destination[1]), a.hi_sequence + 1, p_ids[1], 1, -a.lo_amount, a.hi_balance - a.lo_amount, v_effective[1], v_on[1], v_now);
        o_codes := ARRAY[NULL::text];
        o_details := ARRAY[NULL::int];
        o_balances := CASE WHEN a.source_is_lo
          THEN ARRAY[(a.lo_balance + a.lo_amount) * a.lo_side, (a.hi_balance - a.lo_amount) * a.hi_side]
          ELSE ARRAY[(a.hi_balance - a.lo_amount) * a.hi_side, (a.lo_balance + a.lo_amount) * a.lo_side] END;
        RETURN;
      END IF;
    END IF;
  END IF;

  PERFORM pg_advisory_xact_lock_shared(7201, b::int) FROM (SELECT DISTINCT unnest(p_books) b ORDER BY 1) s;
  IF v_holds THEN
    PERFORM FROM ledger_hold WHERE id = ANY (p_hold) ORDER BY id FOR UPDATE;
  END IF;

  -- Lock every balance in ascending order, and learn whether anything could be refused.
  SELECT count(*), coalesce(bool_or(s.odd), true), max(s.recorded_at), coalesce(max(s.expected), 0)
    INTO v_found, v_slow, v_last, v_expected
    FROM (SELECT b.recorded_at, g.expected,
                 g.bad OR b.closed OR b.names_holds OR b.frozen_in_until IS NOT NULL OR b.frozen_out_until IS NOT NULL
                   OR abs(b.balance) + g.total >= 1e38
                   OR coalesce(b.balance * b.side - CASE b.side WHEN 1 THEN g.leaving ELSE g.entering END < b.floor, false) odd
            FROM (SELECT x.account_id, x.book_id, x.currency, sum(x.leaving) leaving, sum(x.entering) entering,
                         sum(x.leaving + x.entering) total, bool_or(x.bad) bad, count(*) OVER () expected
                    FROM unnest(p_entry, p_source, p_destination, p_currency, p_amount) u(e, s, d, c, a)
                    CROSS JOIN LATERAL (VALUES (u.s, u.a, 0::numeric), (u.d, 0::numeric, u.a)) y(account_id, leaving, entering)
                    CROSS JOIN LATERAL (SELECT y.account_id, p_books[u.e] book_id, u.c currency, y.leaving, y.entering,
                           (u.a > 0 AND u.a = trunc(u.a) AND u.a < 1e38 AND u.s <> u.d) IS NOT TRUE bad) x
                   GROUP BY x.account_id, x.book_id, x.currency) g
            JOIN ledger_balance b ON b.account_id = g.account_id AND b.book_id = g.book_id AND b.currency = g.currency
           ORDER BY b.account_id
             FOR NO KEY UPDATE OF b) s;
  v_now := greatest(clock_timestamp(), v_last);

  -- A later statement, so it sees what the holders of these locks committed before us.
  SELECT count(*), count(DISTINCT u.r COLLATE "C"), array_agg(t.at ORDER BY u.i), array_agg((t.at AT TIME ZONE k.time_zone)::date ORDER BY u.i),
         coalesce(bool_or((t.at AT TIME ZONE k.time_zone)::date <= c.closed_through), false),
         count(e.id) + count(v.id) + count(u.reverses) - count(DISTINCT u.reverses)
    INTO v_books, v_distinct, v_effective, v_on, v_closed, v_known
    FROM unnest(p_books, p_references, p_effective, p_reverses) WITH ORDINALITY u(b, r, at, reverses, i)
    CROSS JOIN LATERAL (SELECT coalesce(u.at, v_now) at) t
    JOIN operations_book k ON k.id = u.b
    LEFT JOIN ledger_bookperiod c ON c.book_id = u.b
    LEFT JOIN ledger_entry e ON e.book_id = u.b AND e.reference = u.r
    LEFT JOIN ledger_entry v ON v.reverses_id = u.reverses;
  IF v_books <> n THEN
    RAISE EXCEPTION 'ledger_post: unknown book among %', p_books USING ERRCODE = '22023';
  END IF;

  IF v_slow OR v_holds OR v_found <> v_expected OR v_closed OR v_known > 0 OR v_distinct <> n THEN
    SELECT d.o_codes, d.o_ids, d.o_details INTO o_codes, o_ids, o_details
      FROM ledger_decide(p_ids, p_books, p_references, p_groups, p_reverses, v_on, v_now,
                         p_entry, p_source, p_destination, p_currency, p_amount, p_hold, p_hold_use) d;
    SELECT array_agg(c IS NULL ORDER BY i) INTO v_ok FROM unnest(o_codes) WITH ORDINALITY u(c, i);
    IF NOT (true = ANY (v_ok)) THEN
      RETURN;
    END IF;
  ELSE
    o_codes := array_fill(NULL::text, ARRAY[n]);
    o_details := array_fill(NULL::int, ARRAY[n]);
    v_ok := array_fill(true, ARRAY[n]);
  END IF;

  INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, group_id, reverses_id,
                            operation_id, effective_at, effective_on, recorded_at, ordinal)
  SELECT u.id, u.book, u.reference, u.hash, u.kind, u.description, u.metadata, u.grp, u.reverses, u.operation,
         v_effective[u.i], v_on[u.i], v_now, nextval('operations_ordinal')
    FROM unnest(p_ids, p_books, p_references, p_hashes, p_kinds, p_descriptions, p_metadata, p_groups, p_reverses, p_operations)
         WITH ORDINALITY u(id, book, reference, hash, kind, description, metadata, grp, reverses, operation, i)
   WHERE v_ok[u.i];

  IF v_holds THEN
    PERFORM ledger_move_holds(p_ids, p_books, v_ok, v_now, p_entry, p_source, p_destination, p_amount, p_hold, p_hold_use);
  END IF;

  WITH leg AS MATERIALIZED (
    SELECT x.account_id, x.amount, x.side, u.e, u.posting, u.i, u.hold
      FROM unnest(p_entry, p_posting, p_source, p_destination, p_amount, p_hold)
           WITH ORDINALITY u(e, posting, source, destination, amount, hold, i)
      CROSS JOIN LATERAL (VALUES (u.source, -u.amount, 0), (u.destination, u.amount, 1)) x(account_id, amount, side)
     WHERE v_ok[u.e]),
  moved AS (
    UPDATE ledger_balance b
       SET balance = b.balance + g.delta, sequence = b.sequence + g.lines, recorded_at = v_now
      FROM (SELECT account_id, sum(amount) delta, count(*) lines FROM leg GROUP BY account_id) g
     WHERE b.account_id = g.account_id
    RETURNING b.account_id, b.side normal, b.balance - g.delta balance, b.sequence - g.lines sequence),
  line AS MATERIALIZED (
    SELECT l.account_id, m.sequence + row_number() OVER w sequence, l.e, l.posting, l.i, l.side, l.amount,
           m.balance + sum(l.amount) OVER w balance_after, m.normal, l.hold
      FROM leg l JOIN moved m USING (account_id)
    WINDOW w AS (PARTITION BY l.account_id ORDER BY l.i ROWS UNBOUNDED PRECEDING)),
  written AS (
    INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after, effective_at, effective_on, recorded_at, hold_id)
    SELECT account_id, sequence, p_ids[e], posting, amount, balance_after,
           v_effective[e], v_on[e], v_now, hold
      FROM line)
  SELECT CASE WHEN p_balances THEN array_agg(balance_after * normal ORDER BY i, side) END INTO o_balances FROM line;
END $$;
