-- Rows that tell what happened are written once. Corrections are new rows.
CREATE FUNCTION operations_append_only() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'APPEND_ONLY: % refuses %: write a new row that corrects it', TG_TABLE_NAME, TG_OP
    USING ERRCODE = '42501';
END $$;

CREATE TRIGGER operations_operation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_operation
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER operations_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_event
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER operations_eventposition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_eventposition
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER operations_decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_decision
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER operations_keyreset_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_keyreset
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER operations_note_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_note
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER operations_assignment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_assignment
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER operations_attachment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_attachment
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER operations_undoing_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_undoing
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
