-- The chain of attempts. A seal is sha256(previous seal || canonical text in UTF-8); before the first of a book stands
-- sha256('countinghouse:webhooks:<book>'). docs/webhooks.md tells how to check it with other tools.

-- One line of JSON; times are microseconds of Unix time, bytes are written as their SHA-256 in hexadecimal digits.
CREATE FUNCTION webhooks_attempt_canonical(a webhooks_attempt) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT concat('[1,"', a.id, '","', a.delivery_id, '","', a.endpoint_id, '",', a.book_id, ',', a.run, ',', a.number, ',',
           (extract(epoch FROM a.began_at) * 1000000)::bigint, ',', to_json(a.url), ',', a.request_headers, ',"',
           encode(a.body_sha256, 'hex'), '",', a.body_bytes, ',"', a.failure, '",', to_json(a.why), ',"', a.address, '",',
           coalesce(a.tls::text, 'null'), ',', coalesce(a.answered::text, 'null'), ',', a.answer_headers, ',"',
           encode(sha256(a.answer), 'hex'), '",', to_json(a.is_cut), ',', coalesce(a.head_ms::text, 'null'), ',', a.took_ms, ',',
           to_json(a.worker), ',', a.ordinal, ']')
$$;

-- Gives the committed attempts up to a settled ordinal their dense position in their book, and their seal.
CREATE FUNCTION webhooks_seal_attempts(p_through bigint, p_limit int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
  r record;
  v_book bigint; v_position bigint; v_hash bytea;
  books bigint[]; positions bigint[]; ids uuid[]; ordinals bigint[]; hashes bytea[];
BEGIN
  FOR r IN
    SELECT w.id, w.book_id, w.ordinal, convert_to(webhooks_attempt_canonical(w), 'UTF8') canonical
      FROM (SELECT a.* FROM webhooks_attempt a
             WHERE a.ordinal > coalesce((SELECT max(s.ordinal) FROM webhooks_attemptseal s), 0) AND a.ordinal <= p_through
             ORDER BY a.ordinal LIMIT p_limit) w
     ORDER BY w.book_id, w.ordinal
  LOOP
    IF v_book IS DISTINCT FROM r.book_id THEN
      v_book := r.book_id;
      SELECT s.position, s.hash INTO v_position, v_hash
        FROM webhooks_attemptseal s WHERE s.book_id = v_book ORDER BY s.position DESC LIMIT 1;
      IF NOT FOUND THEN
        v_position := 0;
        v_hash := sha256(convert_to('countinghouse:webhooks:' || v_book, 'UTF8'));
      END IF;
    END IF;
    v_position := v_position + 1;
    v_hash := sha256(v_hash || r.canonical);
    books := books || v_book; positions := positions || v_position; ids := ids || r.id;
    ordinals := ordinals || r.ordinal; hashes := hashes || v_hash;
  END LOOP;
  INSERT INTO webhooks_attemptseal (book_id, position, attempt_id, ordinal, hash, sealed_at)
  SELECT b, p, i, o, h, clock_timestamp() FROM unnest(books, positions, ids, ordinals, hashes) AS u(b, p, i, o, h);
  RETURN coalesce(cardinality(ids), 0);
END $$;
