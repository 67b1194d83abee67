-- A book with funded wallets, and the feed of the bulk shapes. Runs as the owner, through the product's own functions.
CREATE SCHEMA bench;

-- Posts transfers of one posting each as one call of the posting function; raises if one is refused.
CREATE FUNCTION bench.post(p_book bigint, p_kind text, p_references text[], p_sources bigint[], p_destinations bigint[],
                           p_amounts numeric[]) RETURNS void
LANGUAGE plpgsql
SET search_path = public, bench
AS $$
DECLARE n int[] := ARRAY[cardinality(p_references)]; a record; v_codes text[];
BEGIN
  SELECT array_agg(gen_random_uuid()) ids, array_agg(i) entries INTO a FROM generate_series(1, n[1]) i;
  SELECT o_codes INTO v_codes
    FROM ledger_post(
      a.ids, array_fill(p_book, n), p_references,
      array_fill('\x5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9'::bytea, n),
      array_fill(p_kind, n), array_fill(''::text, n), array_fill('{}'::jsonb, n),
      array_fill(NULL::uuid, n), array_fill(NULL::uuid, n), array_fill(NULL::uuid, n), array_fill(NULL::int, n), array_fill(NULL::timestamptz, n),
      array_fill(false, n), array_fill(false, n),
      a.entries, array_fill(1::smallint, n), p_sources, p_destinations, array_fill('EUR'::text, n), p_amounts,
      array_fill(NULL::uuid, n), array_fill(NULL::smallint, n), true);
  IF cardinality(array_remove(v_codes, NULL)) > 0 THEN
    RAISE EXCEPTION 'refused: %', array_remove(v_codes, NULL);
  END IF;
END $$;

-- That many transfers between random ones of the wallets whose account ids follow p_first.
CREATE FUNCTION bench.feed(p_book bigint, p_entries int, p_first bigint, p_wallets bigint) RETURNS void
LANGUAGE sql
SET search_path = public, bench
AS $$
  SELECT bench.post(p_book, 'transfer', array_agg(left('tr_' || gen_random_uuid(), 30)), array_agg(p_first + source),
                    array_agg(p_first + (source + step) % p_wallets), array_agg(amount))
    FROM (SELECT floor(random() * p_wallets)::bigint source, 1 + floor(random() * (p_wallets - 1))::bigint step,
                 1 + floor(random() * 10000)::numeric amount
            FROM generate_series(1, p_entries)) x
$$;

-- Opens wallets that cannot go below zero, a busy one like them, and the account without a floor that funds them all.
CREATE FUNCTION bench.open_wallets(p_wallets int) RETURNS void
LANGUAGE plpgsql
SET search_path = public, bench
AS $$
DECLARE v_book bigint;
BEGIN
  INSERT INTO operations_book (slug, name, time_zone, created_at)
  VALUES ('bench', 'Wallets of the benchmark', 'Europe/Madrid', now()) RETURNING id INTO v_book;
  INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, floor, names_holds, opened_at)
  SELECT v_book, 'wallet:w' || to_char(i, 'FM000000') || ':available', 'EUR', '2110', 1, 'Wallet ' || i, 0, false, now()
    FROM generate_series(1, p_wallets) i;
  INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, floor, names_holds, opened_at)
  VALUES (v_book, 'wallet:busy:available', 'EUR', '2110', 1, 'The busy wallet', 0, false, now()),
         (v_book, 'equity:funding', 'EUR', '3100', 1, 'Funding', NULL, false, now());
END $$;

-- Funds every wallet by an entry of its own, a thousand to a call.
CREATE FUNCTION bench.fund_wallets() RETURNS void
LANGUAGE plpgsql
SET search_path = public, bench
AS $$
DECLARE v_funding ledger_account; v_after bigint := 0;
BEGIN
  SELECT * INTO v_funding FROM ledger_account WHERE address = 'equity:funding';
  LOOP
    SELECT max(id), bench.post(v_funding.book_id, 'opening', array_agg('opening:' || address),
                               array_agg(v_funding.id), array_agg(id), array_agg(funds))
      INTO v_after
      FROM (SELECT id, address, CASE address WHEN 'wallet:busy:available' THEN 1e15 ELSE 1e9 END funds
              FROM ledger_account
             WHERE book_id = v_funding.book_id AND floor = 0 AND id > v_after ORDER BY id LIMIT 1000) w
    HAVING count(*) > 0;
    EXIT WHEN v_after IS NULL;
  END LOOP;
END $$;
