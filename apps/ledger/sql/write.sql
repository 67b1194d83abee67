-- Writes entries, lines and balances for ledger_post.
--
-- With p_ok it writes the entries that were decided on, under the locks of whoever decided; p_intended is the time that
-- was asked for where it was moved. Without, it locks as it
-- goes and writes all of them, provided that nothing could be refused in whatever order; o_done says whether it was
-- so. If not, part of it is written, and the caller must roll back.
CREATE FUNCTION ledger_write(
  p_ids uuid[], p_books bigint[], p_references text[], p_hashes bytea[], p_kinds text[], p_descriptions text[],
  p_metadata jsonb[], p_groups uuid[], p_reverses uuid[], p_operations uuid[], p_templates int[],
  p_effective timestamptz[], p_intended timestamptz[],
  p_entry int[], p_posting smallint[], p_source bigint[], p_destination bigint[], p_currency text[],
  p_amount numeric[], p_hold uuid[], p_balances boolean, p_ok boolean[], p_now timestamptz,
  OUT o_done boolean, OUT o_balances numeric[])
LANGUAGE plpgsql
AS $$
DECLARE
  v_decided boolean := p_ok IS NOT NULL;
  v_on date[]; v_open int; v_entries int; v_lines int;
BEGIN
  SELECT array_agg(k.day ORDER BY u.i), count(*) FILTER (WHERE k.open) INTO v_on, v_open
    FROM unnest(p_books, p_effective) WITH ORDINALITY u(book, at, i)
    LEFT JOIN LATERAL (SELECT d.day, (d.day > greatest(c.closed_through, c.closing_through)) IS NOT FALSE AS open
                         FROM operations_book b
                         LEFT JOIN ledger_bookperiod c ON c.book_id = b.id
                        CROSS JOIN LATERAL (SELECT (coalesce(u.at, p_now) AT TIME ZONE b.time_zone)::date AS day) d
                        WHERE b.id = u.book
                        LIMIT 1) k ON true;  -- LIMIT keeps it a lookup for each entry, remembered by book
  IF NOT v_decided AND v_open <> cardinality(p_ids) THEN
    o_done := false;
    RETURN;
  END IF;

  WITH leg AS MATERIALIZED (
    SELECT x.account_id, x.amount, x.side, p_books[u.e] book_id, u.currency, u.e, u.posting, u.i, u.hold,
           u.amount > 0 AND u.amount = trunc(u.amount) AND u.source <> u.destination AS sound
      FROM unnest(p_entry, p_posting, p_source, p_destination, p_currency, p_amount, p_hold)
           WITH ORDINALITY u(e, posting, source, destination, currency, amount, hold, i)
     CROSS JOIN LATERAL (VALUES (u.source, -u.amount, 0), (u.destination, u.amount, 1)) x(account_id, amount, side)
     WHERE NOT v_decided OR p_ok[u.e]),
  moved AS (
    UPDATE ledger_balance b
       SET balance = b.balance + g.delta, sequence = b.sequence + g.lines, recorded_at = p_now
      FROM (SELECT account_id, book_id, currency, count(*) lines, sum(amount) delta, sum(abs(amount)) total,
                   sum(least(amount, 0)) leaving, sum(greatest(amount, 0)) entering, bool_and(sound) sound
              FROM leg
             GROUP BY account_id, book_id, currency
             ORDER BY account_id) g  -- locked in the order of everybody else
     WHERE b.account_id = g.account_id AND b.book_id = g.book_id AND b.currency = g.currency
       AND (v_decided OR (
            g.sound AND NOT b.closed AND NOT b.owing AND NOT b.names_holds AND b.recorded_at <= p_now
            AND b.frozen_in_until IS NULL AND b.frozen_out_until IS NULL AND abs(b.balance) + g.total < 1e38
            AND (b.floor IS NULL OR b.floor <= CASE b.side WHEN 1 THEN b.balance + g.leaving ELSE -b.balance - g.entering END)))
    RETURNING b.account_id, b.side normal, b.balance - g.delta balance, b.sequence - g.lines sequence),
  line AS MATERIALIZED (
    SELECT l.account_id, m.sequence + row_number() OVER w sequence, l.e, l.posting, l.i, l.side, l.amount,
           m.balance + sum(l.amount) OVER w balance_after, m.normal, l.hold
      FROM leg l JOIN moved m USING (account_id)
    WINDOW w AS (PARTITION BY l.account_id ORDER BY l.i ROWS UNBOUNDED PRECEDING)),
  written AS (
    INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after, effective_at, effective_on,
                             recorded_at, hold_id)
    SELECT account_id, sequence, p_ids[e], posting, amount, balance_after, coalesce(p_effective[e], p_now), v_on[e], p_now, hold
      FROM line
     WHERE v_decided OR (SELECT count(*) FROM line) = 2 * cardinality(p_entry))
  SELECT CASE WHEN p_balances THEN array_agg(balance_after * normal ORDER BY i, side) END, count(*), count(DISTINCT e)
    INTO o_balances, v_lines, v_entries
    FROM line;
  o_done := v_decided OR (v_lines = 2 * cardinality(p_entry) AND v_entries = cardinality(p_ids));
  IF NOT o_done THEN
    RETURN;
  END IF;

  -- Under the locks, so that ordinals follow the order of the lines on every account.
  INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, group_id, reverses_id,
                            operation_id, template_id, effective_at, effective_on, intended_at, recorded_at, ordinal)
  SELECT u.id, u.book, u.reference, u.hash, u.kind, u.description, u.metadata, u.grp, u.reverses, u.operation,
         u.template, coalesce(u.at, p_now), v_on[u.i], u.intended, p_now, nextval('operations_ordinal')
    FROM unnest(p_ids, p_books, p_references, p_hashes, p_kinds, p_descriptions, p_metadata, p_groups, p_reverses, p_operations,
                p_templates, p_effective, p_intended)
         WITH ORDINALITY u(id, book, reference, hash, kind, description, metadata, grp, reverses, operation, template, at,
                           intended, i)
   WHERE NOT v_decided OR p_ok[u.i];
END $$;
