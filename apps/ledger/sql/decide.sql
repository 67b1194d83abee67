-- The exact, one-after-the-other decision of ledger_post, for a call in which something may be refused.
-- Runs under its locks and settings, and writes nothing: codes and ids as described there.
--
-- p_owing are the accounts of the call that name an owed account, p_owed those; NULL if there is none. Then o_lacked is what
-- each leg takes from the owed account of its source, o_repaid what it repays to that of its destination, o_left_source and
-- o_left_destination are the balances of both after it, as shown.
CREATE FUNCTION ledger_decide(
  p_ids uuid[], p_books bigint[], p_references text[], p_groups uuid[], p_reverses uuid[], p_involuntary boolean[],
  p_period_closed boolean[], p_now timestamptz, p_owing bigint[], p_owed bigint[],
  p_entry int[], p_source bigint[], p_destination bigint[], p_currency text[], p_amount numeric[],
  p_hold uuid[], p_hold_use smallint[],
  OUT o_codes text[], OUT o_ids uuid[], OUT o_details int[], OUT o_missing numeric[], OUT o_available numeric[],
  OUT o_lacked numeric[], OUT o_repaid numeric[], OUT o_left_source numeric[], OUT o_left_destination numeric[])
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  n int := cardinality(p_ids);
  precedence constant text[] := ARRAY['INVALID_AMOUNT', 'SAME_ACCOUNT', 'ACCOUNT_NOT_FOUND', 'CURRENCY_MISMATCH',
    'ACCOUNT_CLOSED', 'PERIOD_CLOSED', 'ACCOUNT_FROZEN', 'HOLD_REQUIRED', 'HOLD_NOT_FOUND', 'HOLD_EXHAUSTED',
    'INSUFFICIENT_BALANCE', 'BALANCE_OVERFLOW'];
  -- accounts, by dense position
  ids bigint[]; book bigint[]; cur text[]; sgn smallint[]; bal numeric[]; low numeric[];
  no_in boolean[]; no_out boolean[]; shut boolean[]; reserve boolean[];
  owed int[];  -- where the account stands that takes what an account owes
  -- holds, by dense position
  hold_ids uuid[]; hold_account bigint[]; remaining numeric[]; capacity numeric[];
  -- legs and entries
  sp int[]; dp int[]; hp int[]; first_leg int[]; last_leg int[];
  applied boolean[] := array_fill(false, ARRAY[n]);
  -- entries of one reference, and reversals of one entry, by the first of them: which of them this call posts
  by_reference int[]; by_reversed int[];
  reference_taken int[] := array_fill(NULL::int, ARRAY[n]); reversed_taken int[] := array_fill(NULL::int, ARRAY[n]);
  code text; leg int; worst int; i int; next int; g int; s int; d int; h int; amount numeric; use smallint;
  overflow int; missing numeric; available numeric; lack numeric; short int;
BEGIN
  o_codes := array_fill(NULL::text, ARRAY[n]);
  o_details := array_fill(NULL::int, ARRAY[n]);
  o_missing := array_fill(NULL::numeric, ARRAY[n]);
  o_available := o_missing;
  o_ids := p_ids;

  SELECT array_agg(account_id), array_agg(book_id), array_agg(currency::text), array_agg(side), array_agg(balance),
         array_agg(floor), array_agg(coalesce(frozen_in_until > p_now, false)),
         array_agg(coalesce(frozen_out_until > p_now, false)), array_agg(closed), array_agg(names_holds)
    INTO ids, book, cur, sgn, bal, low, no_in, no_out, shut, reserve
    FROM (SELECT * FROM ledger_balance
           WHERE account_id IN (SELECT unnest(p_source) UNION SELECT unnest(p_destination)
                                UNION SELECT unnest(p_owing) UNION SELECT unnest(p_owed)) ORDER BY account_id) b;
  IF p_owing IS NOT NULL THEN
    SELECT array_agg(array_position(ids, o.owed) ORDER BY a.pos) INTO owed
      FROM unnest(ids) WITH ORDINALITY a(id, pos) LEFT JOIN unnest(p_owing, p_owed) o(owing, owed) ON o.owing = a.id;
    o_left_source := array_fill(NULL::numeric, ARRAY[cardinality(p_entry)]);
    o_left_destination := o_left_source;
  END IF;
  o_lacked := array_fill(0::numeric, ARRAY[cardinality(p_entry)]);
  o_repaid := o_lacked;

  -- Holds that stand (locked by the caller), then those that this call opens: until then they have no capacity.
  SELECT array_agg(x.id), array_agg(x.held), array_agg(x.remaining), array_agg(x.amount)
    INTO hold_ids, hold_account, remaining, capacity
    FROM (SELECT id, held_account_id held, k.remaining, k.amount FROM ledger_hold k WHERE id = ANY (p_hold)
          UNION ALL
          SELECT u.hold, u.d, 0, 0 FROM unnest(p_hold, p_hold_use, p_destination) u(hold, hold_use, d) WHERE u.hold_use = 1) x;

  SELECT array_agg(a.pos::int ORDER BY u.i), array_agg(b.pos::int ORDER BY u.i), array_agg(k.pos::int ORDER BY u.i)
    INTO sp, dp, hp
    FROM unnest(p_source, p_destination, p_hold) WITH ORDINALITY u(source, destination, hold, i)
    LEFT JOIN unnest(ids) WITH ORDINALITY a(id, pos) ON a.id = u.source
    LEFT JOIN unnest(ids) WITH ORDINALITY b(id, pos) ON b.id = u.destination
    LEFT JOIN (SELECT id, min(pos) pos FROM unnest(hold_ids) WITH ORDINALITY q(id, pos) GROUP BY id) k ON k.id = u.hold;

  SELECT array_agg(x.first ORDER BY x.e), array_agg(x.last ORDER BY x.e) INTO first_leg, last_leg
    FROM (SELECT e, min(i)::int first, max(i)::int last FROM unnest(p_entry) WITH ORDINALITY u(e, i) GROUP BY e) x;
  IF cardinality(first_leg) IS DISTINCT FROM n THEN
    RAISE EXCEPTION 'ledger_post: an entry has no posting' USING ERRCODE = '22023';
  END IF;

  -- What stands already.
  SELECT array_agg(coalesce(e.id, u.id) ORDER BY u.i),
         array_agg(CASE WHEN v.id IS NOT NULL THEN 'ALREADY_REVERSED'
                        WHEN e.id IS NOT NULL THEN 'DUPLICATE_TRANSACTION' END ORDER BY u.i),
         array_agg(u.of_reference::int ORDER BY u.i), array_agg(u.of_reversed::int ORDER BY u.i)
    INTO o_ids, o_codes, by_reference, by_reversed
    FROM (SELECT *, min(i) OVER (PARTITION BY b, r) of_reference,
                 CASE WHEN reverses IS NOT NULL THEN min(i) OVER (PARTITION BY reverses) END of_reversed
            FROM unnest(p_ids, p_books, p_references, p_reverses) WITH ORDINALITY q(id, b, r, reverses, i)) u
    LEFT JOIN ledger_entry e ON e.book_id = u.b AND e.reference = u.r
    LEFT JOIN ledger_entry v ON v.reverses_id = u.reverses;

  i := 1;
  WHILE i <= n LOOP
    -- The same once more in this call, if the earlier one was posted.
    IF reversed_taken[by_reversed[i]] IS NOT NULL THEN
      o_codes[i] := 'ALREADY_REVERSED';
    ELSIF o_codes[i] IS NULL AND reference_taken[by_reference[i]] IS NOT NULL THEN
      o_codes[i] := 'DUPLICATE_TRANSACTION';
      o_ids[i] := o_ids[reference_taken[by_reference[i]]];
    END IF;
    IF o_codes[i] IS NOT NULL THEN
      code := o_codes[i];
    ELSE
      worst := NULL;
      overflow := NULL;
      missing := NULL;
      available := NULL;
      FOR j IN first_leg[i]..last_leg[i] LOOP
        amount := p_amount[j]; s := sp[j]; d := dp[j]; use := p_hold_use[j]; h := hp[j];
        code := CASE
          WHEN (amount > 0 AND amount < 1e38 AND amount = trunc(amount)) IS NOT TRUE THEN 'INVALID_AMOUNT'
          WHEN p_source[j] = p_destination[j] THEN 'SAME_ACCOUNT'
          WHEN s IS NULL OR d IS NULL OR book[s] <> p_books[i] OR book[d] <> p_books[i] THEN 'ACCOUNT_NOT_FOUND'
          WHEN cur[s] <> p_currency[j] OR cur[d] <> p_currency[j] THEN 'CURRENCY_MISMATCH'
          WHEN shut[s] OR shut[d] THEN 'ACCOUNT_CLOSED'
          WHEN p_period_closed[i] THEN 'PERIOD_CLOSED'
          WHEN (no_out[s] OR no_in[d]) AND use IS DISTINCT FROM -1 THEN 'ACCOUNT_FROZEN'
          WHEN (reserve[s] AND use IS DISTINCT FROM -1) OR (reserve[d] AND coalesce(use, -1) = -1) THEN 'HOLD_REQUIRED'
          WHEN use IS NOT NULL AND (h IS NULL
               OR hold_account[h] <> CASE use WHEN -1 THEN p_source[j] ELSE p_destination[j] END
               OR (use = 1 AND NOT reserve[d]) OR (use <> 1 AND capacity[h] = 0)) THEN 'HOLD_NOT_FOUND'
          ELSE NULL END;
        IF code IS NOT NULL AND (worst IS NULL OR array_position(precedence, code) < worst) THEN
          worst := array_position(precedence, code);
          leg := j;
        END IF;
      END LOOP;

      IF worst IS NULL THEN
        -- Apply every leg, then look: floors and holds are judged on the entry as a whole. A line must fit its column.
        FOR j IN first_leg[i]..last_leg[i] LOOP
          s := sp[j]; d := dp[j]; amount := p_amount[j];
          IF p_owing IS NOT NULL AND p_reverses[i] IS NULL THEN
            -- Between an account and what it owes money moves as it is asked to.
            IF p_involuntary[i] AND p_hold[j] IS NULL AND low[s] IS NOT NULL AND owed[s] <> d THEN
              o_lacked[j] := amount - least(amount, greatest(bal[s] - low[s], 0));
              bal[owed[s]] := bal[owed[s]] - o_lacked[j];
              IF abs(bal[owed[s]]) >= 1e38 THEN overflow := coalesce(overflow, j); END IF;
            END IF;
            IF owed[d] <> s THEN
              o_repaid[j] := least(amount, greatest(-bal[owed[d]] - greatest(low[owed[d]], 0), 0));
              bal[owed[d]] := bal[owed[d]] + o_repaid[j];
            END IF;
          END IF;
          bal[s] := bal[s] - amount + o_lacked[j];
          bal[d] := bal[d] + amount - o_repaid[j];
          IF p_owing IS NOT NULL THEN
            o_left_source[j] := bal[s] * sgn[s];
            o_left_destination[j] := bal[d] * sgn[d];
          END IF;
          IF greatest(abs(bal[sp[j]]), abs(bal[dp[j]])) >= 1e38 THEN overflow := coalesce(overflow, j); END IF;
          IF hp[j] IS NOT NULL THEN
            IF p_hold_use[j] = 1 THEN capacity[hp[j]] := capacity[hp[j]] + p_amount[j]; END IF;
            remaining[hp[j]] := remaining[hp[j]] + sign(p_hold_use[j])::int * p_amount[j];
          END IF;
        END LOOP;
        FOR j IN first_leg[i]..last_leg[i] LOOP
          s := sp[j]; d := dp[j]; h := hp[j];
          code := CASE
            WHEN h IS NOT NULL AND (remaining[h] < 0 OR remaining[h] > capacity[h]) THEN 'HOLD_EXHAUSTED'
            WHEN bal[s] * sgn[s] < low[s] OR bal[d] * sgn[d] < low[d] THEN 'INSUFFICIENT_BALANCE'
            WHEN j = overflow THEN 'BALANCE_OVERFLOW'
            ELSE NULL END;
          IF code IS NOT NULL AND (worst IS NULL OR array_position(precedence, code) < worst) THEN
            worst := array_position(precedence, code);
            leg := j;
            lack := low[s] - bal[s] * sgn[s];
            missing := CASE WHEN code <> 'INSUFFICIENT_BALANCE' THEN NULL
              WHEN lack > 0 THEN lack ELSE bal[d] * sgn[d] - low[d] END;
            IF missing IS NOT NULL THEN
              short := CASE WHEN lack > 0 THEN s ELSE d END;
              SELECT (bal[short] + sum(CASE short WHEN sp[k] THEN p_amount[k] - o_lacked[k]
                                                  WHEN dp[k] THEN o_repaid[k] - p_amount[k] ELSE 0 END)) * sgn[short] - low[short]
                INTO available
                FROM generate_series(first_leg[i], last_leg[i]) k;
            END IF;
          END IF;
        END LOOP;
        applied[i] := true;
        reference_taken[by_reference[i]] := i;
        IF by_reversed[i] IS NOT NULL THEN reversed_taken[by_reversed[i]] := i; END IF;
      END IF;
      code := precedence[worst];
      o_codes[i] := code;
      o_details[i] := CASE WHEN worst IS NOT NULL THEN leg END;
      o_missing[i] := missing;
      o_available[i] := available;
    END IF;

    -- What was refused is taken back, and a refusal takes its whole group along.
    next := i + 1;
    IF code IS NOT NULL THEN
      g := i;
      WHILE g >= 1 AND (g = i OR p_groups[g] = p_groups[i]) LOOP
        IF applied[g] THEN
          FOR j IN first_leg[g]..last_leg[g] LOOP
            s := sp[j]; d := dp[j];
            bal[s] := bal[s] + p_amount[j] - o_lacked[j];
            bal[d] := bal[d] - p_amount[j] + o_repaid[j];
            IF o_lacked[j] <> 0 THEN bal[owed[s]] := bal[owed[s]] + o_lacked[j]; END IF;
            IF o_repaid[j] <> 0 THEN bal[owed[d]] := bal[owed[d]] - o_repaid[j]; END IF;
            IF hp[j] IS NOT NULL THEN
              IF p_hold_use[j] = 1 THEN capacity[hp[j]] := capacity[hp[j]] - p_amount[j]; END IF;
              remaining[hp[j]] := remaining[hp[j]] - sign(p_hold_use[j])::int * p_amount[j];
            END IF;
          END LOOP;
          applied[g] := false;
          reference_taken[by_reference[g]] := NULL;
          IF by_reversed[g] IS NOT NULL THEN reversed_taken[by_reversed[g]] := NULL; END IF;
        END IF;
        IF o_codes[g] IS NULL THEN o_codes[g] := 'GROUP_REFUSED'; END IF;
        g := g - 1;
      END LOOP;
      WHILE next <= n AND p_groups[next] = p_groups[i] LOOP
        o_codes[next] := 'GROUP_REFUSED';
        next := next + 1;
      END LOOP;
    END IF;
    i := next;
  END LOOP;
END $$;
