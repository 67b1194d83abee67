-- What was asked of providers and what they answered is evidence: written once.
CREATE TRIGGER providers_attempt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON providers_attempt
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER providers_answer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON providers_answer
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
