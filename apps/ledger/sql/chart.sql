-- The chart of accounts: what ties the accounts to it, and the one function that changes it.

-- An account's side is that of its GL account, always.
ALTER TABLE ledger_account ADD CONSTRAINT account_of_gl_account
  FOREIGN KEY (gl_code, side) REFERENCES ledger_glaccount (code, side);

-- A GL account is of its parent's type.
ALTER TABLE ledger_glaccount ADD CONSTRAINT gl_account_of_its_parents_type
  FOREIGN KEY (parent_id, type) REFERENCES ledger_glaccount (code, type);

-- Whether an address fits a pattern. '%' would span segments, so there must be as many of them.
CREATE FUNCTION ledger_address_fits(p_address text, p_pattern text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT p_address LIKE replace(replace(p_pattern, '_', '\_'), '*', '%')
     AND length(p_address) - length(replace(p_address, ':', '')) = length(p_pattern) - length(replace(p_pattern, ':', ''))
$$;

-- The most specific pattern that an address fits: '*' sorts before every character of a fixed segment.
CREATE FUNCTION ledger_pattern_of(p_address text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
BEGIN
  RETURN (SELECT max(pattern) FROM public.ledger_addresspattern WHERE public.ledger_address_fits(p_address, pattern));
END $$;

-- A new account stands where the chart puts its address, on no heading, in a currency that is allowed there. It runs
-- once the foreign key has locked the GL accounts, so that no other chart can come in between.
CREATE FUNCTION ledger_guard_placing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE v_address text;
BEGIN
  SELECT f.address INTO v_address
    FROM fresh f
    JOIN ledger_glaccount g ON g.code = f.gl_code
    LEFT JOIN ledger_addresspattern p ON p.pattern = ledger_pattern_of(f.address)
   WHERE (p.gl_code, p.names_holds) <> (f.gl_code, f.names_holds)
      OR (cardinality(g.currencies) > 0 AND f.currency <> ALL (g.currencies))
      OR EXISTS (SELECT FROM ledger_glaccount c WHERE c.parent_id = g.code)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'LEDGER_CHART: % does not stand where the chart of accounts puts it', v_address USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_account_placed AFTER INSERT ON ledger_account
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_placing();

-- What accounts were opened by stays what it was. (Removing a code that accounts carry breaks their foreign key.)
CREATE FUNCTION ledger_guard_gl_account() RETURNS trigger
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.code, NEW.type, NEW.side, NEW.currencies) IS DISTINCT FROM (OLD.code, OLD.type, OLD.side, OLD.currencies)
     AND EXISTS (SELECT FROM ledger_account WHERE gl_code = OLD.code) THEN
    RAISE EXCEPTION 'LEDGER_CHART_FIXED: accounts carry %, so its type, side and currencies stay', OLD.code USING ERRCODE = '23514';
  END IF;
  IF NEW.parent_id IS NOT NULL AND EXISTS (SELECT FROM ledger_account WHERE gl_code = NEW.parent_id) THEN
    RAISE EXCEPTION 'LEDGER_CHART_FIXED: accounts carry %, so it cannot become a heading', NEW.parent_id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER ledger_glaccount_fixed BEFORE INSERT OR UPDATE ON ledger_glaccount
  FOR EACH ROW EXECUTE FUNCTION ledger_guard_gl_account();

-- Nor does a change of the patterns put an account elsewhere than it stands.
CREATE FUNCTION ledger_guard_patterns() RETURNS trigger
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE v_address text;
BEGIN
  SELECT a.address INTO v_address
    FROM ledger_account a
    JOIN ledger_addresspattern p ON p.pattern = ledger_pattern_of(a.address)
   WHERE EXISTS (SELECT FROM touched t WHERE ledger_address_fits(a.address, t.pattern))
     AND (p.gl_code, p.names_holds) <> (a.gl_code, a.names_holds)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'LEDGER_CHART_FIXED: % would stand elsewhere in the chart of accounts', v_address USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_addresspattern_added AFTER INSERT ON ledger_addresspattern
  REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_patterns();
CREATE TRIGGER ledger_addresspattern_changed AFTER UPDATE ON ledger_addresspattern
  REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_patterns();
CREATE TRIGGER ledger_addresspattern_left AFTER UPDATE ON ledger_addresspattern
  REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_patterns();
CREATE TRIGGER ledger_addresspattern_removed AFTER DELETE ON ledger_addresspattern
  REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_patterns();

-- Keeps every other change of the chart and every opening of an account out until the end of the transaction: opening
-- one locks its GL account. Reading goes on.
CREATE FUNCTION ledger_lock_chart() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
  LOCK TABLE ledger_glaccount, ledger_addresspattern IN EXCLUSIVE MODE;
END $$;

-- Makes the tables equal to a chart. Patterns are added and changed before others are removed: so no account stands
-- elsewhere in between.
CREATE FUNCTION ledger_set_chart(p_accounts jsonb, p_patterns jsonb) RETURNS void
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
  PERFORM ledger_lock_chart();
  INSERT INTO ledger_glaccount AS t (code, name, type, side, currencies, parent_id)
  SELECT x.code, x.name, x.type, x.side, x.currencies, x.parent
    FROM jsonb_to_recordset(p_accounts) x(code text, name text, type text, side smallint, currencies text[], parent text)
      ON CONFLICT (code) DO UPDATE SET name = excluded.name, type = excluded.type, side = excluded.side,
                                       currencies = excluded.currencies, parent_id = excluded.parent_id
   WHERE (t.name, t.type, t.side, t.currencies, t.parent_id)
         IS DISTINCT FROM (excluded.name, excluded.type, excluded.side, excluded.currencies, excluded.parent_id);
  INSERT INTO ledger_addresspattern AS t (pattern, gl_code, names_holds)
  SELECT x.pattern, x.gl_code, x.names_holds
    FROM jsonb_to_recordset(p_patterns) x(pattern text, gl_code text, names_holds boolean)
      ON CONFLICT (pattern) DO UPDATE SET gl_code = excluded.gl_code, names_holds = excluded.names_holds
   WHERE (t.gl_code, t.names_holds) IS DISTINCT FROM (excluded.gl_code, excluded.names_holds);
  DELETE FROM ledger_addresspattern t
   WHERE NOT EXISTS (SELECT FROM jsonb_to_recordset(p_patterns) x(pattern text) WHERE x.pattern = t.pattern);
  DELETE FROM ledger_glaccount t
   WHERE NOT EXISTS (SELECT FROM jsonb_to_recordset(p_accounts) x(code text) WHERE x.code = t.code);
END $$;
