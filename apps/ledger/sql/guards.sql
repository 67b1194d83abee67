-- What the database refuses whoever asks. The posting function never trips these; a defect or a stray hand does.

-- An entry sums to zero per book and currency, a reserve line names its hold, and the lines of each account
-- follow its last one without a gap and add up to its balance.
--
-- Its settings are those of the posting function, which is nearly always what fires it: a function pays for
-- settings of its own at every call.
CREATE FUNCTION ledger_guard_lines() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE v_unbalanced boolean; v_broken boolean;
BEGIN
  SELECT bool_or(x.account_id IS NULL AND (x.total <> 0 OR x.nameless)),
         bool_or(x.account_id IS NOT NULL AND (
           x.hi <> x.last OR x.hi - x.lo + 1 <> x.lines OR (x.lo > 1 AND p.sequence IS NULL)
           OR x.balance <> coalesce(p.balance_after, 0) + x.total))
    INTO v_unbalanced, v_broken
    FROM (SELECT f.account_id, min(f.sequence) lo, max(f.sequence) hi, count(*) lines, sum(f.amount) total,
                 max(b.balance) balance, max(b.sequence) last, bool_or((b.names_holds AND f.hold_id IS NULL) IS NOT FALSE) nameless
            FROM fresh f LEFT JOIN public.ledger_balance b ON b.account_id = f.account_id
           GROUP BY GROUPING SETS ((f.account_id), (f.entry_id, b.book_id, b.currency))) x
    LEFT JOIN public.ledger_line p ON p.account_id = x.account_id AND p.sequence = x.lo - 1;
  IF v_unbalanced THEN
    RAISE EXCEPTION 'LEDGER_UNBALANCED: an entry sums to zero per book and currency, and a reserve line names its hold'
      USING ERRCODE = '23514';
  END IF;
  IF v_broken THEN
    RAISE EXCEPTION 'LEDGER_SEQUENCE_GAP: lines follow the last one of their account and add up to its balance'
      USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_line_guard AFTER INSERT ON ledger_line
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_lines();

-- An account that names an owed account is credit-normal, and what it owes is debit-normal, of its book and currency, and
-- open already. Neither is a reserve. What is owed is marked for good: each posting of it is decided, for it changes what
-- the other one owes.
CREATE FUNCTION ledger_open_balance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE v_owing boolean := false;
BEGIN
  IF NEW.owed_account_id IS NOT NULL THEN
    UPDATE ledger_balance SET owing = true
     WHERE account_id = NEW.owed_account_id AND (book_id, currency, side) = (NEW.book_id, NEW.currency, -NEW.side)
       AND NEW.side = 1 AND NOT NEW.names_holds AND NOT names_holds AND NOT closed
    RETURNING balance <> 0 INTO v_owing;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'LEDGER_OWED: what % owes stands on an open debit-normal account of its book and currency, no reserve',
        NEW.address USING ERRCODE = '23514';
    END IF;
  END IF;
  INSERT INTO ledger_balance (account_id, book_id, currency, side, balance, sequence, floor, names_holds, owing, closed,
                              recorded_at)
  VALUES (NEW.id, NEW.book_id, NEW.currency, NEW.side, 0, 0, NEW.floor, NEW.names_holds, v_owing, false, clock_timestamp());
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_account_opens_balance AFTER INSERT ON ledger_account
  FOR EACH ROW EXECUTE FUNCTION ledger_open_balance();

CREATE FUNCTION ledger_guard_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
  IF (NEW.id, NEW.book_id, NEW.address, NEW.currency, NEW.gl_code, NEW.side, NEW.names_holds, NEW.owed_account_id)
     IS DISTINCT FROM (OLD.id, OLD.book_id, OLD.address, OLD.currency, OLD.gl_code, OLD.side, OLD.names_holds, OLD.owed_account_id)
  THEN
    RAISE EXCEPTION 'LEDGER_ACCOUNT_FIXED: address, currency, book, GL code, side and owed account of an account never change'
      USING ERRCODE = '23514';
  END IF;
  UPDATE ledger_balance SET floor = NEW.floor WHERE account_id = NEW.id AND floor IS DISTINCT FROM NEW.floor;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_account_fixed AFTER UPDATE ON ledger_account
  FOR EACH ROW EXECUTE FUNCTION ledger_guard_account();

CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER ledger_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_line
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER ledger_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seal
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER ledger_account_kept BEFORE DELETE OR TRUNCATE ON ledger_account
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER ledger_balance_kept BEFORE DELETE OR TRUNCATE ON ledger_balance
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER ledger_hold_kept BEFORE DELETE OR TRUNCATE ON ledger_hold
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER ledger_templateversion_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_templateversion
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
