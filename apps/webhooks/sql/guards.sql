-- What was sent and answered is evidence: written once.
CREATE TRIGGER webhooks_attempt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON webhooks_attempt
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();
CREATE TRIGGER webhooks_attemptseal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON webhooks_attemptseal
  FOR EACH STATEMENT EXECUTE FUNCTION operations_append_only();

-- No tenant hears of another's events: a delivery, its endpoint and its place in the feed are of one book.
ALTER TABLE webhooks_delivery ADD CONSTRAINT webhook_delivery_of_endpoint
  FOREIGN KEY (endpoint_id, book_id) REFERENCES webhooks_endpoint (id, book_id);
ALTER TABLE webhooks_delivery ADD CONSTRAINT webhook_delivery_in_feed
  FOREIGN KEY (book_id, position) REFERENCES operations_eventposition (book_id, position);

-- One key of a tenant goes on. Looked at when it is committed: the key that replaces another is written before that ends.
ALTER TABLE webhooks_signingkey ADD CONSTRAINT webhook_key_that_goes_on
  EXCLUDE USING btree (book_id WITH =) WHERE (ends_at IS NULL) DEFERRABLE INITIALLY DEFERRED;

-- Whether one of these names is the type's, or of its kind: `transfer.*` is every `transfer.…`. None are all.
CREATE FUNCTION webhooks_wants(p_types jsonb, p_type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT p_types = '[]' OR p_types ? p_type
      OR EXISTS (SELECT FROM jsonb_array_elements_text(p_types) t WHERE t LIKE '%.*' AND starts_with(p_type, left(t, -1)))
$$;

-- An id as the application makes them: 48 bits of milliseconds, version 7, and the rest at random.
CREATE FUNCTION webhooks_new_id() RETURNS uuid
LANGUAGE sql VOLATILE
AS $$
  SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
           PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
         52, 1), 53, 1), 'hex')::uuid
$$;
