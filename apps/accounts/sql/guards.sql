-- What checks of recipients found is evidence: written once.
CREATE TRIGGER accounts_recipientverification_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_recipientverification
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
