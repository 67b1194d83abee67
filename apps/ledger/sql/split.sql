-- The legs as they are stored, where an account owes something: of the accepted entries, those of p_owing and p_owed that
-- ledger_decide found. A leg that takes p_lacked from the owed account of its source, or repays p_repaid to that of its
-- destination, becomes up to three: what there is goes first, and what is owed is repaid first. o_leg is the leg that each
-- was asked for as.
CREATE FUNCTION ledger_split(
  p_ok boolean[], p_entry int[], p_source bigint[], p_destination bigint[], p_currency text[], p_amount numeric[],
  p_hold uuid[], p_hold_use smallint[], p_lacked numeric[], p_repaid numeric[], p_owing bigint[], p_owed bigint[],
  OUT o_leg int[], OUT o_entry int[], OUT o_posting smallint[], OUT o_source bigint[], OUT o_destination bigint[],
  OUT o_currency text[], OUT o_amount numeric[], OUT o_hold uuid[], OUT o_hold_use smallint[])
LANGUAGE plpgsql
AS $$
BEGIN
  SELECT array_agg(x.leg), array_agg(x.e), array_agg(x.posting), array_agg(x.source), array_agg(x.destination),
         array_agg(x.currency), array_agg(x.amount), array_agg(x.hold), array_agg(x.hold_use)
    INTO o_leg, o_entry, o_posting, o_source, o_destination, o_currency, o_amount, o_hold, o_hold_use
    FROM (SELECT u.i::int leg, u.e, (row_number() OVER (PARTITION BY u.e ORDER BY u.i, c.through))::smallint posting,
                 CASE WHEN c.through <= u.amount - u.lacked THEN u.source ELSE s.owed END source,
                 CASE WHEN c.through <= u.repaid THEN d.owed ELSE u.destination END destination,
                 u.currency, c.through - lag(c.through, 1, 0::numeric) OVER (PARTITION BY u.i ORDER BY c.through) amount,
                 u.hold, u.hold_use
            FROM unnest(p_entry, p_source, p_destination, p_currency, p_amount, p_hold, p_hold_use, p_lacked, p_repaid)
                 WITH ORDINALITY u(e, source, destination, currency, amount, hold, hold_use, lacked, repaid, i)
            LEFT JOIN unnest(p_owing, p_owed) s(account, owed) ON s.account = u.source
            LEFT JOIN unnest(p_owing, p_owed) d(account, owed) ON d.account = u.destination
           CROSS JOIN LATERAL (SELECT DISTINCT v.through
                                 FROM (VALUES (u.amount - u.lacked), (u.repaid), (u.amount)) v(through)
                                WHERE v.through > 0) c
           WHERE p_ok[u.e]
           ORDER BY u.i, c.through) x;
END $$;
