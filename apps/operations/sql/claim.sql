-- The first round trip of a batch: take the application's role, claim the keys, and find what they did before.
-- Answers a row only for a run that needs one: its key is in use, has its answer, or was reset. The feature flags of
-- the batch come in a row of their own, as a JSON array of [name, scope, scope id, enabled], and with them the approval
-- policies in force for p_governed, which tenants may not read. What follows is bound to p_circle and p_tenants, if they are given.
CREATE FUNCTION operations_claim(p_role text, p_books bigint[], p_keys text[], p_locks bigint[], p_flags text[],
                                 p_governed text[], p_circle bigint[], p_tenants uuid[])
RETURNS TABLE (flags text, policies text, i int, in_use boolean, id uuid, command varchar, status varchar, input text, input_hash bytea,
               result text, refusal text, approval_request_id uuid, generation int)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE v_free boolean[];
BEGIN
  PERFORM set_config('role', p_role, true);
  -- Whoever takes an ordinal has a transaction number first: the sequencer waits for those.
  PERFORM pg_current_xact_id();
  SELECT array_agg(pg_try_advisory_xact_lock(u.lock) ORDER BY u.n) INTO v_free
    FROM unnest(p_locks) WITH ORDINALITY u(lock, n);
  -- A statement of its own: the claiming one's snapshot is older than its locks.
  RETURN QUERY
  SELECT NULL::text, NULL::text, u.n::int, NOT v_free[u.n], o.id, o.command, o.status, o.input::text, o.input_hash, o.result::text, o.refusal::text,
         o.approval_request_id, coalesce(r.generation, 0)::int
    FROM unnest(p_books, p_keys) WITH ORDINALITY u(book, key, n)
    LEFT JOIN LATERAL (SELECT max(k.generation) generation FROM operations_keyreset k
                        WHERE k.book_id = u.book AND k.key = u.key) r ON true
    -- LIMIT keeps the three columns of the key together as one index condition; joined plainly, a young table's
    -- plan looks up the generation alone and reads every operation for each key.
    LEFT JOIN LATERAL (SELECT * FROM operations_operation f
                        WHERE f.book_id = u.book AND f.key = u.key AND f.holds_key
                          AND f.generation = coalesce(r.generation, 0) LIMIT 1) o ON true
   WHERE o.id IS NOT NULL OR r.generation IS NOT NULL OR NOT v_free[u.n];
  IF p_flags <> '{}' OR p_governed <> '{}' THEN
    flags := (SELECT json_agg(json_build_array(f.name, f.scope, f.scope_id, f.enabled))
                FROM operations_featureflag f WHERE f.name = ANY (p_flags));
    policies := (SELECT json_agg(json_build_array(p.id, p.name, p.version, p.command, p.blocks, p.steps, p.in_sequence)
                                 ORDER BY p.id)
                   FROM operations_approvalpolicy p WHERE p.status = 'active' AND p.command = ANY (p_governed));
    i := NULL;
    RETURN NEXT;
  END IF;
  IF p_circle IS NOT NULL THEN
    PERFORM operations_bind(p_circle, p_tenants);
  END IF;
END $$;
