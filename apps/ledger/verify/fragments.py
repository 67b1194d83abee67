"""The SQL that adds everything up anew, in pieces that a full and an incremental run put together differently.

Every fault is a row of position, entry, account, sequence, hold, what was expected and what stands. These run without
nested loops (`Reader.rows_by_hash`): what is to be looked up row by row, in a table of any size, is LATERAL, and its
LIMIT or OFFSET keeps it so.
"""

_ENTRY = "e.id, e.effective_at, e.effective_on, e.recorded_at, e.reverses_id"
_LINES_OF_ENTRIES = """
line AS MATERIALIZED (
  SELECT n.position, l.entry_id, l.account_id, l.sequence, l.amount, l.balance_after, l.recorded_at, l.hold_id,
         (l.effective_at, l.effective_on, l.recorded_at)
           IS DISTINCT FROM (n.effective_at, n.effective_on, n.recorded_at) AS other_times
    FROM entry n {lines})
"""

SEALED_ENTRIES = f"""
entry AS MATERIALIZED (
  SELECT s.position, {_ENTRY}
    FROM ledger_seal s
    LEFT JOIN ledger_entry e ON e.id = s.entry_id AND e.id >= %(least)s::uuid AND e.id <= %(greatest)s::uuid
   WHERE s.book_id = %(book)s AND s.position > %(after)s AND s.position <= %(through)s),
""" + _LINES_OF_ENTRIES.format(
    lines="JOIN ledger_line l ON l.entry_id = n.id"
    " AND l.entry_id >= %(least)s::uuid AND l.entry_id <= %(greatest)s::uuid"
)
"""The entries of a chunk, and their lines."""

WAITING_ENTRIES = f"""
entry AS MATERIALIZED (
  SELECT NULL::bigint AS position, {_ENTRY} FROM ledger_entry e
   WHERE e.book_id = %(book)s AND e.ordinal > (SELECT coalesce(max(ordinal), 0) FROM ledger_seal)),
""" + _LINES_OF_ENTRIES.format(
    lines="CROSS JOIN LATERAL (SELECT * FROM ledger_line x WHERE x.entry_id = n.id OFFSET 0) l"
)
"""The same of the entries that have no position yet."""

LINES_OF_ACCOUNTS = """
line AS MATERIALIZED (
  SELECT NULL::bigint AS position, l.entry_id, l.account_id, l.sequence, l.amount, l.balance_after, l.recorded_at, l.hold_id
    FROM ledger_account a JOIN ledger_line l ON l.account_id = a.id
   WHERE a.book_id = %(book)s AND a.id > %(first)s AND a.id <= %(last)s
     AND l.account_id > %(first)s AND l.account_id <= %(last)s)
"""
"""The lines of the accounts in a range of ids."""

OWNERS_OF_LINES = """
owner AS MATERIALIZED (
  SELECT l.id, a.book_id, a.currency
    FROM (SELECT DISTINCT account_id AS id FROM line) l
    LEFT JOIN LATERAL (SELECT * FROM ledger_account x WHERE x.id = l.id LIMIT 1) a ON true)
"""
TOUCHED_OWNERS = """
owner AS (SELECT id, book_id, currency FROM account)
"""
ENTRY_FAULTS = """
SELECT min(l.position), l.entry_id, NULL, NULL, NULL, 'lines that sum to 0 ' || coalesce(o.currency, ''), 'a sum of ' || sum(l.amount)
  FROM line l JOIN owner o ON o.id = l.account_id GROUP BY l.entry_id, o.currency HAVING sum(l.amount) <> 0
UNION ALL
SELECT l.position, l.entry_id, l.account_id, l.sequence, NULL, 'an account of this book', coalesce('one of book ' || o.book_id, 'none')
  FROM owner o JOIN line l ON l.account_id = o.id WHERE o.book_id IS DISTINCT FROM %(book)s
UNION ALL
SELECT position, entry_id, account_id, sequence, NULL, 'the times of its entry', 'other times' FROM line WHERE other_times
UNION ALL
SELECT n.position, n.id, NULL, NULL, NULL, 'the mirror image of the entry that it reverses', 'other accounts or amounts'
  FROM entry n
 WHERE n.reverses_id IS NOT NULL
   AND (SELECT string_agg(account_id || ' ' || amount, ',' ORDER BY account_id, amount)
          FROM ledger_line WHERE entry_id = n.id)
       IS DISTINCT FROM
       (SELECT string_agg(account_id || ' ' || -amount, ',' ORDER BY account_id, -amount)
          FROM ledger_line WHERE entry_id = n.reverses_id)
"""
EMPTY_ENTRY_FAULTS = """
SELECT n.position, n.id, NULL, NULL, NULL, 'an entry with its lines', 'an entry without a line'
  FROM entry n LEFT JOIN line l ON l.entry_id = n.id WHERE l.entry_id IS NULL
"""

# Of each account its last line, and every line that does not follow the one before it. Only before the first line of
# an account here is the table asked.
STEPS = """
numbered AS (
  SELECT *, lag(sequence) OVER follows AS before, lag(balance_after) OVER follows AS balance_before,
         lag(recorded_at) OVER follows AS recorded_before, lead(sequence) OVER follows IS NULL AS is_last
    FROM line WINDOW follows AS (PARTITION BY account_id ORDER BY sequence)),
following AS (
  SELECT n.position, n.entry_id, n.account_id, n.sequence, n.amount, n.balance_after, n.recorded_at, n.is_last,
         coalesce(n.before, p.sequence, 0) AS before, coalesce(n.balance_before, p.balance_after, 0) AS balance_before,
         coalesce(n.recorded_before, p.recorded_at) AS recorded_before
    FROM numbered n
    LEFT JOIN LATERAL (SELECT x.sequence, x.balance_after, x.recorded_at FROM ledger_line x
                        WHERE n.before IS NULL AND x.account_id = n.account_id AND x.sequence = n.sequence - 1
                        LIMIT 1) p ON true),
step AS MATERIALIZED (
  SELECT * FROM following
   WHERE is_last OR sequence <> before + 1 OR balance_after <> balance_before + amount OR recorded_at < recorded_before)
"""
STEP_FAULTS = """
SELECT position, entry_id, account_id, sequence, NULL,
       'line ' || sequence - 1 || ' before it', coalesce('line ' || nullif(before, 0), 'none')
  FROM step WHERE sequence <> before + 1
UNION ALL
SELECT position, entry_id, account_id, sequence, NULL, 'a balance of ' || balance_before + amount || ' after it', balance_after::text
  FROM step WHERE balance_after <> balance_before + amount
UNION ALL
SELECT position, entry_id, account_id, sequence, NULL, 'not to be recorded before line ' || before, 'an earlier time'
  FROM step WHERE recorded_at < recorded_before
"""

# The accounts of a range with their balance rows; of what was touched the rows alone, for what these copy from the
# accounts never changes, and a full run compares it.
ALL_ACCOUNTS = """
account AS MATERIALIZED (
  SELECT a.id, a.book_id, a.currency, a.side, a.floor, a.names_holds, l.sequence AS seen, l.balance_after,
         b.balance, b.sequence, b.closed, b.account_id IS NULL AS is_missing,
         (b.book_id, b.currency, b.side, b.floor, b.names_holds, b.owing)
           IS DISTINCT FROM (a.book_id, a.currency, a.side, a.floor, a.names_holds, coalesce(o.owes, n.is_named, false)) AS differs
    FROM ledger_account a
    LEFT JOIN (SELECT account_id, sequence, balance_after FROM step WHERE is_last) l ON l.account_id = a.id
    LEFT JOIN LATERAL (SELECT * FROM ledger_balance x WHERE x.account_id = a.id LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT x.balance <> 0 AS owes FROM ledger_balance x WHERE x.account_id = a.owed_account_id LIMIT 1) o ON true
    LEFT JOIN LATERAL (SELECT true AS is_named FROM ledger_account x WHERE x.owed_account_id = a.id LIMIT 1) n ON true
   WHERE a.book_id = %(book)s AND a.id > %(first)s AND a.id <= %(last)s)
"""
TOUCHED_ACCOUNTS = """
account AS MATERIALIZED (
  SELECT l.account_id AS id, b.book_id, b.currency, b.side, b.floor, b.names_holds, l.sequence AS seen, l.balance_after,
         b.balance, b.sequence, b.closed, b.account_id IS NULL AS is_missing, false AS differs
    FROM (SELECT account_id, sequence, balance_after FROM step WHERE is_last) l
    LEFT JOIN LATERAL (SELECT * FROM ledger_balance x WHERE x.account_id = l.account_id LIMIT 1) b ON true)
"""
# There may be lines newer than those seen, so a balance is held against the newest of all.
BALANCES = """
balance AS MATERIALIZED (
  SELECT a.id, a.floor, a.side, a.balance, a.sequence, a.closed, a.is_missing, a.differs,
         coalesce(newest.sequence, a.seen, 0) AS last_sequence,
         coalesce(newest.balance_after, a.balance_after, 0) AS last_balance
    FROM account a
    LEFT JOIN LATERAL (SELECT x.sequence, x.balance_after FROM ledger_line x
                        WHERE x.account_id = a.id AND a.sequence IS DISTINCT FROM a.seen
                        ORDER BY x.sequence DESC LIMIT 1) newest ON true)
"""
BALANCE_FAULTS = """
SELECT NULL, NULL, id, NULL, NULL, 'a balance of ' || last_balance || ' after line ' || last_sequence,
       CASE WHEN is_missing THEN 'no balance row' ELSE balance || ' after line ' || sequence END
  FROM balance WHERE balance IS DISTINCT FROM last_balance OR sequence IS DISTINCT FROM last_sequence
UNION ALL
SELECT NULL, NULL, id, NULL, NULL,
       'book, currency, side, floor and reserve of the account, and whether it owes, in its balance row', 'others'
  FROM balance WHERE differs AND NOT is_missing
UNION ALL
SELECT NULL, NULL, id, NULL, NULL, 'a balance not below the floor of ' || floor, (balance * side)::text
  FROM balance WHERE balance * side < floor
UNION ALL
SELECT NULL, NULL, id, NULL, NULL, 'an empty account, for it is closed', balance::text
  FROM balance WHERE closed AND balance <> 0
"""

# The first line of a hold opens it; what remains is all its lines together: opened and returned less taken.
LINES_OF_HOLDS = """
reserve AS (
  SELECT l.hold_id, l.account_id, l.entry_id, l.sequence, l.amount
    FROM account a JOIN line l ON l.account_id = a.id WHERE a.names_holds)
"""
LINES_OF_TOUCHED_HOLDS = """
reserve AS (
  SELECT t.hold_id, t.account_id, l.entry_id, l.sequence, l.amount
    FROM (SELECT DISTINCT l.hold_id, l.account_id FROM account a JOIN line l ON l.account_id = a.id WHERE a.names_holds) t
    LEFT JOIN LATERAL (SELECT * FROM ledger_line x
                        WHERE x.hold_id = t.hold_id AND x.account_id = t.account_id OFFSET 0) l ON true)
"""
HOLD_FAULTS = """
SELECT NULL, NULL, d.account_id, NULL, d.hold_id, coalesce(d.remaining || ' remaining of ' || d.amount, 'the hold that a line is for'),
       coalesce(h.remaining || ' remaining of ' || h.amount, 'no such hold')
  FROM (SELECT hold_id, account_id, sum(amount) AS remaining, (array_agg(amount ORDER BY sequence))[1] AS amount,
               (array_agg(entry_id ORDER BY sequence))[1] AS opened_by
          FROM reserve GROUP BY hold_id, account_id) d
  LEFT JOIN LATERAL (SELECT * FROM ledger_hold x WHERE x.id = d.hold_id AND x.held_account_id = d.account_id LIMIT 1) h ON true
 WHERE h.id IS NULL OR (h.remaining, h.amount, h.opened_by_id) IS DISTINCT FROM (d.remaining, d.amount, d.opened_by)
"""
UNOPENED_HOLD_FAULTS = """
SELECT NULL, NULL, h.held_account_id, NULL, h.id, 'a line that opened it, on a reserve account of its book', 'none'
  FROM ledger_hold h
  LEFT JOIN LATERAL (SELECT * FROM ledger_account x WHERE x.id = h.held_account_id LIMIT 1) a ON true
 WHERE h.book_id = %(book)s
   AND NOT EXISTS (SELECT FROM ledger_line l WHERE l.hold_id = h.id AND l.hold_id IS NOT NULL
                      AND l.account_id = h.held_account_id AND a.names_holds AND a.book_id = h.book_id)
"""

UNSEALED_AMONG_SEALED_FAULTS = """
SELECT NULL, e.id, NULL, NULL, NULL, 'a seal, for later entries have theirs', 'none: it was put in from outside'
  FROM ledger_entry e LEFT JOIN ledger_seal s ON s.entry_id = e.id
 WHERE e.book_id = %(book)s AND e.ordinal <= (SELECT max(ordinal) FROM ledger_seal) AND s.entry_id IS NULL
"""
LINE_WITHOUT_ENTRY_FAULTS = """
SELECT NULL, l.entry_id, l.account_id, l.sequence, NULL, 'an entry of this book', 'no such entry'
  FROM ledger_account a JOIN ledger_line l ON l.account_id = a.id LEFT JOIN ledger_entry e ON e.id = l.entry_id
 WHERE a.book_id = %(book)s AND e.book_id IS DISTINCT FROM a.book_id
"""


_COLUMNS = """
SELECT NULL::bigint AS position, NULL::uuid AS entry_id, NULL::bigint AS account_id, NULL::bigint AS sequence,
       NULL::uuid AS hold_id, NULL AS expected, NULL AS found WHERE false
"""


def query(*tables: str, faults: tuple[str, ...], tally: str) -> str:
    """One statement over common tables: the first faults with the names of their places, then a row of two counts."""
    return f"""
WITH {"".join(f"{table}," for table in tables)} faults AS ({" UNION ALL ".join([_COLUMNS, *faults])})
SELECT coalesce(f.position, s.position), f.entry_id, a.address || ' ' || a.currency, f.account_id, f.sequence, f.hold_id,
       f.expected, f.found
  FROM (SELECT * FROM faults ORDER BY position, account_id, sequence LIMIT 20) f
  LEFT JOIN LATERAL (SELECT * FROM ledger_account x WHERE x.id = f.account_id LIMIT 1) a ON true
  LEFT JOIN LATERAL (SELECT * FROM ledger_line x WHERE x.account_id = f.account_id AND x.sequence = f.sequence LIMIT 1) l ON true
  LEFT JOIN LATERAL (SELECT * FROM ledger_seal x WHERE x.entry_id = coalesce(f.entry_id, l.entry_id) LIMIT 1) s ON true
UNION ALL
SELECT NULL, NULL, NULL, {tally}, NULL, NULL, NULL
"""
