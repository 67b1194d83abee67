-- What a policy says is changed while it is a draft alone: another version replaces what was active.
CREATE FUNCTION operations_policy_stands() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF OLD.status <> 'draft'
     AND (OLD.name, OLD.version, OLD.command, OLD.blocks, OLD.steps, OLD.in_sequence)
         IS DISTINCT FROM (NEW.name, NEW.version, NEW.command, NEW.blocks, NEW.steps, NEW.in_sequence) THEN
    RAISE EXCEPTION 'POLICY_STANDS: version % of % was active: draft another one', OLD.version, OLD.name
      USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER operations_policy_stands BEFORE UPDATE ON operations_approvalpolicy
  FOR EACH ROW EXECUTE FUNCTION operations_policy_stands();
