-- What was asked of providers and what they answered is evidence: written once.
CREATE TRIGGER providers_attempt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON providers_attempt
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER providers_answer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON providers_answer
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();

-- What came from a provider stays as it came; only what became of it is written later.
CREATE FUNCTION providers_as_it_came() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'APPEND_ONLY: % refuses %: what a provider sent stays as it came', TG_TABLE_NAME, TG_OP
    USING ERRCODE = '42501';
END $$;

CREATE TRIGGER providers_inboundmessage_stays BEFORE DELETE OR TRUNCATE ON providers_inboundmessage
  FOR EACH STATEMENT EXECUTE FUNCTION providers_as_it_came();
CREATE TRIGGER providers_inboundmessage_as_it_came BEFORE UPDATE ON providers_inboundmessage
  FOR EACH ROW WHEN ((OLD.provider_id, OLD.body, OLD.sha256, OLD.headers, OLD.remote_address, OLD.received_at)
    IS DISTINCT FROM (NEW.provider_id, NEW.body, NEW.sha256, NEW.headers, NEW.remote_address, NEW.received_at))
  EXECUTE FUNCTION providers_as_it_came();
CREATE TRIGGER providers_inboundconflict_stays BEFORE DELETE OR TRUNCATE ON providers_inboundconflict
  FOR EACH STATEMENT EXECUTE FUNCTION providers_as_it_came();
CREATE TRIGGER providers_inboundconflict_as_it_came BEFORE UPDATE ON providers_inboundconflict
  FOR EACH ROW WHEN ((OLD.message_id, OLD.body, OLD.sha256, OLD.headers, OLD.remote_address, OLD.received_at)
    IS DISTINCT FROM (NEW.message_id, NEW.body, NEW.sha256, NEW.headers, NEW.remote_address, NEW.received_at))
  EXECUTE FUNCTION providers_as_it_came();
