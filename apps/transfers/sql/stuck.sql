-- Since when a transfer should have moved on by itself: from when it came into its status; while a provider has it, from
-- when the provider promised to be done, also when it is asked after because it was not. None while people decide.
CREATE FUNCTION transfers_stuck_from() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NEW.status = 'provider_processing' THEN
    NEW.stuck_from := coalesce(NEW.expected_at, NEW.next_attempt_at, NEW.changed_at);
  ELSIF NEW.status NOT IN ('validating', 'balance_reserved', 'sent_to_provider', 'outcome_unknown',
                           'provider_completed', 'provider_failed')
        AND NOT (NEW.status = 'awaiting_approval' AND NEW.expires_at IS NULL) THEN
    NEW.stuck_from := NULL;
  ELSIF TG_OP = 'INSERT' THEN
    NEW.stuck_from := NEW.changed_at;
  ELSIF NEW.status = OLD.status AND OLD.stuck_from IS NOT NULL THEN
    NEW.stuck_from := OLD.stuck_from;
  ELSIF NEW.status = 'outcome_unknown' AND OLD.status = 'provider_processing' THEN
    NEW.stuck_from := least(OLD.stuck_from, NEW.changed_at);
  ELSE
    NEW.stuck_from := NEW.changed_at;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER transfers_stuck_from BEFORE INSERT OR UPDATE OF status, expected_at, expires_at ON transfers_transfer
  FOR EACH ROW EXECUTE FUNCTION transfers_stuck_from();
