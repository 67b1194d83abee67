-- What came of a rule's due time, and what was found of it later, is evidence: written once.
CREATE TRIGGER treasury_sweepexecution_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON treasury_sweepexecution
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER treasury_sweepverification_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON treasury_sweepverification
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();

-- A version of a rule ends once and an instruction is closed once; what they say never changes.
CREATE FUNCTION treasury_as_it_was() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'APPEND_ONLY: % refuses %: what was in force stays as it was', TG_TABLE_NAME, TG_OP
    USING ERRCODE = '42501';
END $$;

CREATE TRIGGER treasury_sweeprule_stays BEFORE DELETE OR TRUNCATE ON treasury_sweeprule
  FOR EACH STATEMENT EXECUTE FUNCTION treasury_as_it_was();
CREATE TRIGGER treasury_sweeprule_as_it_was BEFORE UPDATE ON treasury_sweeprule
  FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL OR
    (OLD.id, OLD.version, OLD.book_id, OLD.account_id, OLD.counter_account_id, OLD.currency, OLD.floor, OLD.target, OLD.minimum,
     OLD.at, OLD.every_minutes, OLD.time_zone, OLD.days, OLD.instructs, OLD.confirm_within, OLD.reason, OLD.started_at, OLD.started_by)
    IS DISTINCT FROM
    (NEW.id, NEW.version, NEW.book_id, NEW.account_id, NEW.counter_account_id, NEW.currency, NEW.floor, NEW.target, NEW.minimum,
     NEW.at, NEW.every_minutes, NEW.time_zone, NEW.days, NEW.instructs, NEW.confirm_within, NEW.reason, NEW.started_at, NEW.started_by))
  EXECUTE FUNCTION treasury_as_it_was();

CREATE TRIGGER treasury_sweepinstruction_stays BEFORE DELETE OR TRUNCATE ON treasury_sweepinstruction
  FOR EACH STATEMENT EXECUTE FUNCTION treasury_as_it_was();
CREATE TRIGGER treasury_sweepinstruction_as_it_was BEFORE UPDATE ON treasury_sweepinstruction
  FOR EACH ROW WHEN (OLD.status <> 'open' OR
    (OLD.id, OLD.execution_id, OLD.rule_id, OLD.book_id, OLD.account_id, OLD.giver, OLD.taker, OLD.amount, OLD.currency, OLD.made_at,
     OLD.confirm_by)
    IS DISTINCT FROM
    (NEW.id, NEW.execution_id, NEW.rule_id, NEW.book_id, NEW.account_id, NEW.giver, NEW.taker, NEW.amount, NEW.currency, NEW.made_at,
     NEW.confirm_by))
  EXECUTE FUNCTION treasury_as_it_was();

-- Looked at when it is committed: the version that replaces another is written before that ends.
ALTER TABLE treasury_sweeprule ADD CONSTRAINT sweep_rule_in_force_once
  EXCLUDE USING btree (account_id WITH =) WHERE (ended_at IS NULL) DEFERRABLE INITIALLY DEFERRED;
