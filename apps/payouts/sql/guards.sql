-- What a version of a schedule said, and what came of each of its days, is evidence: written once.
CREATE TRIGGER payouts_schedulerow_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts_schedulerow
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER payouts_schedulerun_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts_schedulerun
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
