-- The posting function: one or many entries over any accounts, currencies and books, in one call.
--
-- Entry arrays (p_ids .. p_involuntary) are aligned with each other; leg arrays (p_entry .. p_hold_use) too.
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
--                 PERIOD_CLOSED          the book is closed through the entry's date, or closing through it and the entry does
--                                        not adjust (p_adjusts); unless the book posts what is late on its first open day
--                 ACCOUNT_FROZEN         in the direction of the posting; a hold's own legs pass
--                 HOLD_REQUIRED          a reserve account is moved without naming a hold
--                 HOLD_NOT_FOUND         no such hold on that account
--                 HOLD_EXHAUSTED         less remains of the hold than is asked
--                 INSUFFICIENT_BALANCE   the account would fall below its floor
--                 BALANCE_OVERFLOW       the account would leave numeric(38,0)
--                 GROUP_REFUSED          another entry of the group was refused
-- o_details[e]  the leg (1-based within the call) that the code speaks of.
-- o_missing[e]  of INSUFFICIENT_BALANCE: what the leg's source lacks, below zero what its destination lacks.
-- o_available[e] then what that account had above its floor before the entry.
-- o_balances    when p_balances: for each leg of each posted entry, in order, the source's and the
--               destination's balance after it, as shown. Where postings were split, for each leg that is stored.
-- o_split       NULL, or where postings were split, for each leg that is stored: the leg that was asked for, the addresses of
--               source and destination and the amount as stored, and the balances after it of the source and the destination
--               that were asked for, as shown.
--
-- An account may name its owed account, which takes what could not be taken from it. A posting out of it that runs short in an
-- involuntary entry (p_involuntary) takes what there is above the floor, and the rest from the owed account; it is not
-- refused for it. A posting into it, of whatever entry, repays first what is owed. What was split so stands as postings of its
-- own. Three are never split: between the two accounts themselves; of a reversal, which is the mirror of what stands; and
-- into a reserve, which takes only what there is.
--
-- Locks, always in this order: periods (shared), holds by id, balances by account, owed accounts by account. So no two calls
-- deadlock: whoever locks an owed account has the one that names it already, and so never waits for it.
-- First everything is written on the assumption that nothing can run short or be refused in whatever order, which is
-- exactly what one after the other would give. Where that does not hold it is taken back, and a loop over arrays
-- decides in input order, so that only what must be refused is.
CREATE FUNCTION ledger_post(
  p_ids uuid[], p_books bigint[], p_references text[], p_hashes bytea[], p_kinds text[], p_descriptions text[],
  p_metadata jsonb[], p_groups uuid[], p_reverses uuid[], p_operations uuid[], p_templates int[],
  p_effective timestamptz[], p_adjusts boolean[], p_involuntary boolean[],
  p_entry int[], p_posting smallint[], p_source bigint[], p_destination bigint[], p_currency text[],
  p_amount numeric[], p_hold uuid[], p_hold_use smallint[], p_balances boolean,
  OUT o_codes text[], OUT o_ids uuid[], OUT o_details int[], OUT o_missing numeric[], OUT o_available numeric[],
  OUT o_balances numeric[], OUT o_split jsonb)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan  -- a plan made on a young table must not stay a sequential scan
SET enable_seqscan = off
SET enable_mergejoin = off  -- it would walk the whole index of balances for a handful of lines
AS $$
DECLARE
  n int := cardinality(p_ids);
  v_now timestamptz; v_ok boolean[]; v_known int; v_day record; v_owing bigint[]; v_owed bigint[]; d record; s record; w record;
BEGIN
  o_ids := p_ids;
  PERFORM operations_guard_books(p_books);
  PERFORM pg_advisory_xact_lock_shared(7201, b::int) FROM (SELECT DISTINCT unnest(p_books) b ORDER BY 1) s;

  IF n = 1 AND cardinality(p_source) = 1 AND p_hold[1] IS NULL AND p_groups[1] IS NULL AND p_reverses[1] IS NULL
     AND p_source[1] <> p_destination[1] AND p_amount[1] > 0 AND p_amount[1] = trunc(p_amount[1]) THEN
    o_balances := ledger_write_one(p_ids[1], p_books[1], p_references[1], p_hashes[1], p_kinds[1], p_descriptions[1],
                                   p_metadata[1], p_operations[1], p_templates[1], p_effective[1], p_source[1],
                                   p_destination[1], p_currency[1], p_amount[1], clock_timestamp());
    IF o_balances IS NOT NULL THEN
      o_codes := ARRAY[NULL::text];
      o_details := ARRAY[NULL::int];
      RETURN;
    END IF;
  ELSIF cardinality(array_remove(p_hold, NULL)) = 0 THEN
    BEGIN
      w := ledger_write(p_ids, p_books, p_references, p_hashes, p_kinds, p_descriptions, p_metadata, p_groups, p_reverses,
                        p_operations, p_templates, p_effective, NULL, p_entry, p_posting, p_source, p_destination, p_currency,
                        p_amount, p_hold, p_balances, NULL, clock_timestamp());
      IF w.o_done THEN
        o_balances := w.o_balances;
        o_codes := array_fill(NULL::text, ARRAY[n]);
        o_details := array_fill(NULL::int, ARRAY[n]);
        RETURN;
      END IF;
      RAISE EXCEPTION 'to be decided' USING ERRCODE = 'CHD01';
    EXCEPTION WHEN SQLSTATE 'CHD01' OR unique_violation THEN
      NULL;  -- what was written is rolled back
    END;
  END IF;

  -- Where something may be split, or what is owed is moved by name. Which account names which never changes, so it is known
  -- before they are locked.
  SELECT array_agg(a.id), array_agg(a.owed_account_id) INTO v_owing, v_owed
    FROM ledger_account a
   WHERE a.owed_account_id IS NOT NULL
     AND (a.id = ANY (CASE WHEN true = ANY (p_involuntary) THEN p_source || p_destination ELSE p_destination END)
          OR a.owed_account_id = ANY (p_source || p_destination));

  PERFORM FROM ledger_hold WHERE id = ANY (p_hold) ORDER BY id FOR UPDATE;
  SELECT greatest(clock_timestamp(), max(b.recorded_at)) INTO v_now
    FROM (SELECT recorded_at FROM ledger_balance
           WHERE account_id IN (SELECT unnest(p_source) UNION SELECT unnest(p_destination)
                                UNION SELECT unnest(v_owing) UNION SELECT unnest(v_owed))
           ORDER BY account_id = ANY (v_owed), account_id
             FOR NO KEY UPDATE) b;

  -- Later statements, so they see what the holders of these locks committed before us.
  SELECT count(*) INTO v_known FROM unnest(p_books) u(book) WHERE EXISTS (SELECT FROM operations_book b WHERE b.id = u.book);
  IF v_known <> n THEN
    RAISE EXCEPTION 'ledger_post: unknown book among %', p_books USING ERRCODE = '22023';
  END IF;
  v_day := ledger_place_in_periods(p_books, p_effective, p_adjusts, v_now);
  d := ledger_decide(p_ids, p_books, p_references, p_groups, p_reverses, p_involuntary, v_day.o_closed, v_now,
                     v_owing, v_owed, p_entry, p_source, p_destination, p_currency, p_amount, p_hold, p_hold_use);
  o_codes := d.o_codes;
  o_ids := d.o_ids;
  o_details := d.o_details;
  o_missing := d.o_missing;
  o_available := d.o_available;
  SELECT array_agg(c IS NULL ORDER BY i) INTO v_ok FROM unnest(o_codes) WITH ORDINALITY u(c, i);
  IF NOT (true = ANY (v_ok)) THEN
    RETURN;
  END IF;

  IF v_owing IS NOT NULL AND EXISTS (SELECT FROM unnest(d.o_lacked, d.o_repaid) u(lacked, repaid) WHERE lacked + repaid <> 0) THEN
    s := ledger_split(v_ok, p_entry, p_source, p_destination, p_currency, p_amount, p_hold, p_hold_use, d.o_lacked, d.o_repaid,
                      v_owing, v_owed);
    SELECT jsonb_agg(jsonb_build_array(u.leg, a.address, b.address, u.amount::text, d.o_left_source[u.leg]::text,
                                       d.o_left_destination[u.leg]::text) ORDER BY u.i)
      INTO o_split
      FROM unnest(s.o_leg, s.o_source, s.o_destination, s.o_amount) WITH ORDINALITY u(leg, source, destination, amount, i)
      JOIN ledger_account a ON a.id = u.source
      JOIN ledger_account b ON b.id = u.destination;
    p_entry := s.o_entry;
    p_posting := s.o_posting;
    p_source := s.o_source;
    p_destination := s.o_destination;
    p_currency := s.o_currency;
    p_amount := s.o_amount;
    p_hold := s.o_hold;
    p_hold_use := s.o_hold_use;
  END IF;
  PERFORM ledger_move_holds(p_ids, p_books, v_ok, v_now, p_entry, p_source, p_destination, p_amount, p_hold, p_hold_use);
  w := ledger_write(p_ids, p_books, p_references, p_hashes, p_kinds, p_descriptions, p_metadata, p_groups, p_reverses,
                    p_operations, p_templates, v_day.o_effective, v_day.o_intended, p_entry, p_posting, p_source, p_destination,
                    p_currency, p_amount, p_hold, p_balances, v_ok, v_now);
  o_balances := w.o_balances;
  IF o_split IS NOT NULL OR v_owed && (p_source || p_destination) THEN
    UPDATE ledger_balance a
       SET owing = o.balance <> 0
      FROM ledger_balance o, unnest(v_owing, v_owed) u(owing, owed)
     WHERE a.account_id = u.owing AND o.account_id = u.owed AND a.owing <> (o.balance <> 0);
  END IF;
END $$;
