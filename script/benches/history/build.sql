-- Three years of a book, laid down set by set: {lines} lines on {accounts} accounts, of which one has a tenth of them.
-- What the posting function would have written is written here without it; the seals and the daily balances are made by
-- the product's own functions, so the chain is real. Steps are run paragraph by paragraph.

-- step: settings
SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '1GB';
SET maintenance_work_mem = '1GB';
CREATE SCHEMA bench;
SELECT setseed(0.42);

-- step: accounts
INSERT INTO operations_book (slug, name, time_zone, created_at) VALUES ('history', 'Three years', 'Europe/Madrid', now());
INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, names_holds, opened_at)
SELECT b.id, CASE i WHEN 0 THEN 'pool:settlement' ELSE 'wallet:w' || to_char(i, 'FM000000') || ':available' END, 'EUR',
       CASE i WHEN 0 THEN '1130' ELSE '2110' END, CASE i WHEN 0 THEN -1 ELSE 1 END, 'Account ' || i, false, now() - interval '3 years'
  FROM operations_book b, generate_series(0, {accounts}) i WHERE b.slug = 'history' ORDER BY i;

-- step: transfers
-- Every fifth touches the busy account, by turns in and out; three in a hundred count for an earlier day than their own.
CREATE UNLOGGED TABLE bench.transfer AS
SELECT i, book_id, source, destination, amount, recorded_at, effective_at,
       (effective_at AT TIME ZONE 'Europe/Madrid')::date effective_on,
       (lpad(to_hex((extract(epoch FROM recorded_at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3)
          || '8' || substr(md5(i::text), 4, 15))::uuid id
  FROM (SELECT i, busy.book_id, 1 + floor(random() * 10000)::numeric amount, recorded_at,
               CASE WHEN i % 10 = 0 THEN busy.id ELSE busy.id + 1 + number END source,
               CASE WHEN i % 10 = 5 THEN busy.id ELSE busy.id + 1 + (number + step) % {accounts} END destination,
               recorded_at - CASE WHEN random() < 0.03 THEN random() * interval '60 days' ELSE interval '0' END effective_at
          FROM (SELECT i, floor(random() * {accounts})::bigint number, 1 + floor(random() * ({accounts} - 1))::bigint step,
                       now() - interval '1095 days' * (1 - i::float8 / {entries}) recorded_at
                  FROM generate_series(1, {entries}) i) made,
               (SELECT id, book_id FROM ledger_account WHERE address = 'pool:settlement') busy) timed;
ANALYZE bench.transfer;

-- step: entries
INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, effective_at, effective_on,
                          recorded_at, ordinal)
SELECT id, book_id, left('tr_' || gen_random_uuid(), 30), sha256(i::text::bytea), 'transfer', '', '{{}}', effective_at,
       effective_on, recorded_at, i
  FROM bench.transfer ORDER BY i;
SELECT setval('operations_ordinal', {entries});

-- step: lines
INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after, effective_at, effective_on, recorded_at)
SELECT account_id, row_number() OVER follows, id, 1, signed, sum(signed) OVER follows, effective_at, effective_on, recorded_at
  FROM bench.transfer, LATERAL (VALUES (source, -amount), (destination, amount)) side(account_id, signed)
WINDOW follows AS (PARTITION BY account_id ORDER BY i ROWS UNBOUNDED PRECEDING)
 ORDER BY i;

-- step: balances
INSERT INTO ledger_balance (account_id, book_id, currency, side, balance, sequence, names_holds, owing, closed, recorded_at)
SELECT a.id, a.book_id, a.currency, a.side, coalesce(l.balance, 0), coalesce(l.lines, 0), false, false, false,
       coalesce(l.recorded_at, a.opened_at)
  FROM ledger_account a
  LEFT JOIN (SELECT account_id, sum(amount) balance, count(*) lines, max(recorded_at) recorded_at
               FROM ledger_line GROUP BY account_id) l ON l.account_id = a.id
 WHERE a.book_id = (SELECT id FROM operations_book WHERE slug = 'history');

-- step: statistics
DROP TABLE bench.transfer;

VACUUM ANALYZE ledger_account, ledger_balance, ledger_entry, ledger_line;

-- step: seals
-- Sealed when recorded, not all of them today; the trigger is there for the build alone.
CREATE FUNCTION bench.seal_in_the_past() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sealed_at := (SELECT recorded_at FROM public.ledger_entry WHERE id = NEW.entry_id);
  RETURN NEW;
END $$;

CREATE TRIGGER bench_seal BEFORE INSERT ON ledger_seal FOR EACH ROW EXECUTE FUNCTION bench.seal_in_the_past();
ALTER TABLE ledger_seal ENABLE ALWAYS TRIGGER bench_seal;

DO $$
BEGIN
  WHILE ledger_seal_entries({entries}, 20000) > 0 LOOP COMMIT; END LOOP;
END $$;

DROP TRIGGER bench_seal ON ledger_seal;

VACUUM ANALYZE ledger_seal;

-- step: daily balances
DO $$
DECLARE v_book bigint := (SELECT id FROM operations_book WHERE slug = 'history');
BEGIN
  WHILE ledger_project(v_book, 50000) > 0 LOOP COMMIT; END LOOP;
END $$;

-- step: vacuum
VACUUM ANALYZE;

CHECKPOINT;
