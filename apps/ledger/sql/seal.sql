-- The hash chain. A seal is sha256(previous seal || canonical text in UTF-8); what stands before the first seal of a
-- book is sha256('countinghouse:book:<id>'). docs/ledger.md tells how to check it with other tools.

-- The canonical text of an entry is one line of JSON. Amounts are strings, for they have up to 38 digits; times are
-- microseconds of Unix time; ids are UUIDs. The times of a line are those of its entry, so they are said once.
-- Both functions are plain expressions without settings of their own, which lets the planner inline them.
CREATE FUNCTION ledger_entry_canonical(e ledger_entry, p_lines text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT concat('[1,"', e.id, '",', e.book_id, ',', to_json(e.reference), ',"', encode(e.request_hash, 'hex'), '",',
           to_json(e.kind), ',', to_json(e.description), ',', e.metadata, ',',
           coalesce('"' || e.group_id || '"', 'null'), ',', coalesce('"' || e.reverses_id || '"', 'null'), ',',
           coalesce('"' || e.operation_id || '"', 'null'), ',', coalesce(e.template_id::text, 'null'), ',',
           (extract(epoch FROM e.effective_at) * 1000000)::bigint, ',', to_json(e.effective_on), ',',
           coalesce((extract(epoch FROM e.intended_at) * 1000000)::bigint::text, 'null'), ',',
           (extract(epoch FROM e.recorded_at) * 1000000)::bigint, ',', e.ordinal, ',[', p_lines, ']]')
$$;

-- The lines stand in the order of posting, amount, account and sequence, with a comma between them.
CREATE FUNCTION ledger_line_canonical(l ledger_line) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT concat('[', l.account_id, ',', l.sequence, ',', l.posting, ',"', l.amount, '","', l.balance_after, '",',
           coalesce('"' || l.hold_id || '"', 'null'), ']')
$$;

-- Gives the committed entries up to a settled ordinal their dense position in their book, and their seal.
-- Answers how many there were.
CREATE FUNCTION ledger_seal_entries(p_through bigint, p_limit int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
  r record;
  v_book bigint; v_position bigint; v_hash bytea; v_at timestamptz;
  books bigint[]; positions bigint[]; ids uuid[]; ordinals bigint[]; hashes bytea[]; times timestamptz[];
BEGIN
  FOR r IN
    SELECT w.id, w.book_id, w.ordinal,
           convert_to(ledger_entry_canonical(w, (SELECT string_agg(ledger_line_canonical(l), ','
                                                          ORDER BY l.posting, l.amount, l.account_id, l.sequence)
                                                   FROM ledger_line l WHERE l.entry_id = w.id)), 'UTF8') canonical
      FROM (SELECT e.* FROM ledger_entry e
             WHERE e.ordinal > coalesce((SELECT max(s.ordinal) FROM ledger_seal s), 0) AND e.ordinal <= p_through
             ORDER BY e.ordinal LIMIT p_limit) w
     ORDER BY w.book_id, w.ordinal
  LOOP
    IF v_book IS DISTINCT FROM r.book_id THEN
      v_book := r.book_id;
      SELECT s.position, s.hash, greatest(clock_timestamp(), s.sealed_at) INTO v_position, v_hash, v_at
        FROM ledger_seal s WHERE s.book_id = v_book ORDER BY s.position DESC LIMIT 1;
      IF NOT FOUND THEN
        v_position := 0;
        v_hash := sha256(convert_to('countinghouse:book:' || v_book, 'UTF8'));
        v_at := clock_timestamp();
      END IF;
    END IF;
    v_position := v_position + 1;
    v_hash := sha256(v_hash || r.canonical);
    books := books || v_book; positions := positions || v_position; ids := ids || r.id;
    ordinals := ordinals || r.ordinal; hashes := hashes || v_hash; times := times || v_at;
  END LOOP;
  INSERT INTO ledger_seal (book_id, position, entry_id, ordinal, hash, sealed_at)
  SELECT * FROM unnest(books, positions, ids, ordinals, hashes, times);
  RETURN coalesce(cardinality(ids), 0);
END $$;
