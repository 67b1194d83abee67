-- Freezing and closing an account are changes to what the posting function reads under its locks.

-- Until when an account takes nothing in and gives nothing out: the latest of its freezes that are not lifted.
-- Without an expiry it is a day that Python's calendar still knows, which infinity is not.
CREATE FUNCTION ledger_apply_freezes(p_account bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM FROM ledger_balance WHERE account_id = p_account FOR NO KEY UPDATE;
  UPDATE ledger_balance b
     SET frozen_in_until = f.in_until, frozen_out_until = f.out_until
    FROM (SELECT max(coalesce(expires_at, '9999-12-31')) FILTER (WHERE direction IN ('in', 'both')) in_until,
                 max(coalesce(expires_at, '9999-12-31')) FILTER (WHERE direction IN ('out', 'both')) out_until
            FROM ledger_freeze WHERE account_id = p_account AND lifted_at IS NULL) f
   WHERE b.account_id = p_account;
END $$;

-- Closes an account for good. Answers NULL when done, else why not.
CREATE FUNCTION ledger_close_account(p_account bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE b ledger_balance;
BEGIN
  SELECT * INTO b FROM ledger_balance WHERE account_id = p_account FOR NO KEY UPDATE;
  PERFORM operations_guard_books(ARRAY[b.book_id]);
  IF b.closed THEN RETURN 'ACCOUNT_CLOSED'; END IF;
  IF b.balance <> 0 THEN RETURN 'ACCOUNT_NOT_EMPTY'; END IF;
  IF EXISTS (SELECT FROM ledger_hold WHERE remaining > 0 AND p_account IN (account_id, held_account_id)) THEN
    RETURN 'ACCOUNT_HAS_HOLDS';
  END IF;
  IF EXISTS (SELECT FROM ledger_account a JOIN ledger_balance o ON o.account_id = a.id
              WHERE a.owed_account_id = p_account AND NOT o.closed) THEN
    RETURN 'ACCOUNT_IN_USE';
  END IF;
  UPDATE ledger_balance SET closed = true WHERE account_id = p_account;
  RETURN NULL;
END $$;
