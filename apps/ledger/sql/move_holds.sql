-- Opens, reduces and gives back to holds for the accepted entries of ledger_post, which has decided and locked.
CREATE FUNCTION ledger_move_holds(
  p_ids uuid[], p_books bigint[], p_ok boolean[], p_now timestamptz, p_entry int[], p_source bigint[],
  p_destination bigint[], p_amount numeric[], p_hold uuid[], p_hold_use smallint[])
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO ledger_hold (id, book_id, account_id, held_account_id, amount, remaining, opened_by_id, opened_at, changed_at)
  SELECT u.hold, p_books[u.e], u.source, u.destination, u.amount, u.amount, p_ids[u.e], p_now, p_now
    FROM unnest(p_entry, p_source, p_destination, p_amount, p_hold, p_hold_use) u(e, source, destination, amount, hold, use)
   WHERE u.use = 1 AND p_ok[u.e];

  UPDATE ledger_hold h
     SET remaining = h.remaining + g.delta, changed_at = p_now
    FROM (SELECT u.hold, sum(CASE u.use WHEN -1 THEN -u.amount ELSE u.amount END) delta
            FROM unnest(p_entry, p_amount, p_hold, p_hold_use) u(e, amount, hold, use)
           WHERE u.use IN (2, -1) AND p_ok[u.e]
           GROUP BY u.hold) g
   WHERE h.id = g.hold;
END $$;
