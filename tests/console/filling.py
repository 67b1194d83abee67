"""Large tables, for what must not read them whole."""

from django.db.backends.utils import CursorWrapper

from apps.core.encryption import encrypt
from apps.operations.models import Book

MANY = 20_000


BIG = {
    "api_request",
    "accounts_customer",
    "accounts_recipient",
    "accounts_wallet",
    "ledger_account",
    "ledger_balance",
    "ledger_entry",
    "ledger_hold",
    "ledger_line",
    "ledger_seal",
    "operations_event",
    "operations_eventposition",
    "operations_operation",
    "payouts_batch",
    "payouts_batchrow",
    "payouts_schedule",
    "providers_inboundconflict",
    "providers_inboundmessage",
    "providers_railfile",
    "providers_railpayment",
    "transfers_chargeback",
    "transfers_deposit",
    "transfers_rollingreserve",
    "transfers_transfer",
    "treasury_sweepexecution",
    "webhooks_attempt",
    "webhooks_delivery",
}


# Consistent books past the door: every entry moves one cent between the first two of many accounts.
FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, names_holds, opened_at)
  SELECT %(book)s, 'customer:' || lpad(i::text, 6, '0') || ':available', 'EUR', '2110', 1, '', false, now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO ledger_balance (account_id, book_id, currency, side, balance, sequence,
                            names_holds, owing, closed, recorded_at)
  SELECT id, book_id, currency, side, coalesce(s.sign, 0) * %(many)s, abs(coalesce(s.sign, 0)) * %(many)s,
         false, false, false, now()
    FROM ledger_account LEFT JOIN
         (VALUES ('customer:000001:available', -1), ('customer:000002:available', 1)) s(address, sign)
         USING (address);
INSERT INTO ledger_entry (id, book_id, reference, request_hash, kind, description, metadata, operation_id,
                          effective_at, effective_on, recorded_at, ordinal)
  SELECT ('e' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'bulk:' || lpad(i::text, 6, '0'), '\\x00', 'test', '', '{}',
         ('d' || lpad(to_hex(i), 31, '0'))::uuid, now(), current_date, now(), i FROM generate_series(1, %(many)s) i;
INSERT INTO ledger_line (account_id, sequence, entry_id, posting, amount, balance_after,
                         effective_at, effective_on, recorded_at)
  SELECT a.id, i, ('e' || lpad(to_hex(i), 31, '0'))::uuid, 1, s.sign, s.sign * i, now(), current_date, now()
    FROM generate_series(1, %(many)s) i,
         (VALUES ('customer:000001:available', -1), ('customer:000002:available', 1)) s(address, sign)
    JOIN ledger_account a ON a.address = s.address;
INSERT INTO ledger_seal (book_id, position, entry_id, ordinal, hash, sealed_at)
  SELECT book_id, ordinal, id, ordinal, '\\x00', now() FROM ledger_entry;
INSERT INTO ledger_hold (id, book_id, account_id, held_account_id, amount, remaining, opened_by_id,
                         opened_at, changed_at)
  SELECT ('c' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, a.id, a.id, 1, 0, ('e' || lpad(to_hex(i), 31, '0'))::uuid, now(), now()
    FROM generate_series(1, %(many)s) i JOIN ledger_account a ON a.address = 'customer:000003:available';
INSERT INTO operations_operation (id, book_id, command, version, key, generation, holds_key, status, actor_kind,
                                  actor_id, actor_label, origin, input, input_hash, refusal, recorded_at)
  SELECT ('d' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'test.' || i %% 20, 1, 'key:' || i, 0, true,
         CASE WHEN i %% 1000 = 0 THEN 'refused' ELSE 'accepted' END, 'user', 'usr_' || i %% 50, 'someone', 'api',
         '{}', '\\x00', CASE WHEN i %% 1000 = 0 THEN '{"code": "X"}'::jsonb END, now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO operations_event (id, book_id, type, version, subject, data, operation_id, recorded_at, ordinal)
  SELECT ('f' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'test.done', 1, 'subject:' || i, '{}',
         ('d' || lpad(to_hex(i), 31, '0'))::uuid, now(), i
    FROM generate_series(1, %(many)s) i;
INSERT INTO operations_eventposition (book_id, position, event_id, subject, object_sequence, ordinal, sequenced_at)
  SELECT book_id, ordinal, id, subject, row_number() OVER (PARTITION BY book_id, subject ORDER BY ordinal), ordinal, now()
    FROM operations_event;
INSERT INTO accounts_customer (id, tenant_id, kind, name, email, external_id, metadata, status, created_at)
  SELECT ('a' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid, 'person', '', '', 'key:' || i, '{}', 'active', now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO accounts_recipient (id, tenant_id, customer_id, kind, name, country, currency, details, display, bank_name, bic,
                                external_id, metadata, version, status, created_at, changed_at, verification, check_tries)
  SELECT ('8' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid, lpad(to_hex(i %% 5000), 32, '0')::uuid,
         'card', '', '', 'EUR', '', '', '', '', 'key:' || i, '{}', 1, 'active', now(), now(), 'unverified', 0
    FROM generate_series(1, %(many)s) i;
INSERT INTO accounts_wallet (id, tenant_id, book_id, customer_id, currency, available_account_id, held_account_id, owed_account_id,
                             purpose, category, name, external_id, metadata, status, created_at, low_balance, is_low, low_since)
  SELECT ('b' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid, %(book)s, lpad(to_hex(i %% 5000), 32, '0')::uuid,
         'EUR', i, i + 1000000, i + 2000000, '', 'banking', '', 'key:' || i, '{}', 'open', now(),
         CASE WHEN i %% 1000 = 0 THEN 1 END, i %% 1000 = 0, CASE WHEN i %% 1000 = 0 THEN now() END
    FROM generate_series(1, %(many)s) i;
INSERT INTO transfers_transfer (id, book_id, kind, status, source_wallet_id, destination_wallet_id, amount, currency, fee, reference,
                                description, metadata, provider, provider_reference, failure_code, failure_message, attempts,
                                operation_id, created_at, changed_at, ended_at, fees, terms, received_currency, returned, requeries,
                                refused_by, lease, stuck_from)
  SELECT ('9' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'internal',
         CASE WHEN i %% 1000 = 0 THEN 'manual_review' ELSE 'completed' END,
         lpad(to_hex(i %% 5000), 32, '0')::uuid, lpad(to_hex(i %% 4999), 32, '0')::uuid, 1, 'EUR', 0, 'key:' || i, '', '{}',
         CASE WHEN i %% 2 = 0 THEN 'sandbox-bank' ELSE '' END, '',
         '', '', 0, ('d' || lpad(to_hex(i), 31, '0'))::uuid, now(), now(), CASE WHEN i %% 1000 = 0 THEN NULL ELSE now() END,
         '[]', '{}', '', 0, 0, '[]', 0, CASE WHEN i %% 500 = 0 THEN now() - i * interval '1 second' END
    FROM generate_series(1, %(many)s) i;
INSERT INTO providers_provider (id, name, title, adapter, base_url, secret, webhook_secret, options, enabled, locked_because, priority,
                                kinds, currencies, countries, limits, cost, low_balance, time_zone, business_days, expected_seconds,
                                created_at, changed_at)
  SELECT lpad(to_hex(i), 32, '0')::uuid, 'provider-' || i, '', 'sandbox', '', %(secret)s, %(secret)s, '{}', true, '',
         100, '{}', '{}', '{}', '{}', '{}', '{}', 'UTC', false, 60, now(), now()
    FROM generate_series(0, 9) i;
INSERT INTO providers_inboundmessage (id, provider_id, reference, body, headers, remote_address, verified, sha256, copies, status, why,
                                      subject, tries, lease, received_at, seen_at)
  SELECT ('7' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, i::text, '', '{}', '', true, '', 1,
         CASE WHEN i %% 1000 = 0 THEN 'quarantined' ELSE 'processed' END, 'x', 'key:' || i, 1, 1, now(), now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO providers_inboundconflict (id, message_id, body, headers, remote_address, sha256, copies, status, why, received_at, seen_at)
  SELECT ('6' || lpad(to_hex(i), 31, '0'))::uuid, ('7' || lpad(to_hex(i), 31, '0'))::uuid, '', '{}', '', '', 1,
         CASE WHEN i %% 1000 = 0 THEN 'open' ELSE 'acknowledged' END, '', now(), now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO providers_railfile (id, provider_id, message_id, format, scheme, content, sha256, size, count, total, currency,
                                execute_on, made_at, status, said, tries)
  SELECT ('1' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, 'rlf-' || i, 'pain.001', 'sepa', 'x', 'x', 1, 1, 1,
         'EUR', current_date, now(), CASE WHEN i %% 1000 = 0 THEN 'made' ELSE 'taken' END, '', 0
    FROM generate_series(1, %(many)s) i;
INSERT INTO providers_railpayment (id, provider_id, reference, scheme, amount, currency, "to", memo, status, due_at, execute_on,
                                   file_id, sequence, code, why, doubt, booked_as, created_at, changed_at)
  SELECT ('1' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, 'key:' || i, 'sepa', 1, 'EUR', %(secret)s, '',
         'booked', now(), current_date, ('1' || lpad(to_hex(i), 31, '0'))::uuid, i, '', '', '', '', now(), now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO transfers_deposit (id, provider_id, reference, message_id, amount, currency, virtual_account, remittance, remitter, status,
                               wallet_id, entry_id, matched_by, why, received_at, verified_at, charged_back, returned_by,
                               return_reference)
  SELECT ('5' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, i::text, ('7' || lpad(to_hex(i), 31, '0'))::uuid,
         1, 'EUR', '', '', '', CASE WHEN i %% 1000 = 0 THEN 'open' ELSE 'returning' END, lpad(to_hex(i %% 5000), 32, '0')::uuid,
         lpad(to_hex(i), 32, '0')::uuid, '', '', now(), now(), 0, '', ''
    FROM generate_series(1, %(many)s) i;
INSERT INTO transfers_chargeback (id, provider_id, reference, message_id, deposit_reference, amount, currency, reason, status, note,
                                  received_at, closed_at)
  SELECT ('4' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, i::text, ('7' || lpad(to_hex(i), 31, '0'))::uuid,
         i::text, 1, 'EUR', '', CASE WHEN i %% 1000 = 0 THEN 'open' ELSE 'closed' END, 'x', now(),
         CASE WHEN i %% 1000 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, %(many)s) i;
INSERT INTO transfers_rollingreserve (id, book_id, wallet_id, amount, currency, status, reason, held_at, release_at, released_at)
  SELECT ('3' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, lpad(to_hex(i %% 5000), 32, '0')::uuid, 1, 'EUR',
         CASE WHEN i %% 1000 = 0 THEN 'held' ELSE 'released' END, '', now(), now(), CASE WHEN i %% 1000 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, %(many)s) i;
INSERT INTO treasury_sweeprule (id, version, book_id, account_id, counter_account_id, currency, floor, target, minimum, every_minutes,
                                time_zone, days, instructs, confirm_within, reason, started_at, started_by, ended_by, end_reason)
  SELECT lpad(to_hex(i), 32, '0')::uuid, i, %(book)s, i, i + 1, 'EUR', 0, 0, 1, 5, 'UTC', 'every_day', false, 24, '', now(), '', '', ''
    FROM generate_series(0, 9) i;
INSERT INTO treasury_sweepexecution (id, rule_id, book_id, due_at, executed_at, currency, balance, sequence, counter_balance,
                                     counter_sequence, counter_least, asked, amount, status, why, operation_id)
  SELECT ('1' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, %(book)s, now() - i * interval '1 minute', now(),
         'EUR', 0, 0, 0, 0, 0, 0, 0, CASE WHEN i %% 1000 = 0 THEN 'short' ELSE 'nothing_to_do' END, 'within',
         ('d' || lpad(to_hex(i), 31, '0'))::uuid
    FROM generate_series(1, %(many)s) i;
INSERT INTO api_request (id, tenant_id, key_id, request_id, method, path, status, code, milliseconds, operation_id, retry_of,
                         address, asked_at)
  SELECT ('2' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid, lpad(to_hex(i %% 50), 32, '0')::uuid,
         'req_' || i, 'POST', '/v1/transfers', CASE i %% 1000 WHEN 0 THEN 500 WHEN 1 THEN 422 ELSE 201 END, '', 5,
         CASE WHEN i %% 2 = 0 THEN 'op_' || lpad(i::text, 26, '0') ELSE '' END, '', '127.0.0.1', now()
    FROM generate_series(1, %(many)s) i;
INSERT INTO payouts_batch (id, book_id, name, reference, source, status, by_itself, maker_kind, maker_id, maker_label, makers,
                           origin, content, why, short, lease, created_at, changed_at, submitted_at, approved_at, ended_at)
  SELECT ('1' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'Salaries', '', 'csv',
         CASE WHEN i %% 1000 = 0 THEN 'approved' ELSE 'completed' END, true, '', '', '', '[]',
         '', '\\x00', '', '[]', 0, now(), now(), now(), now(), CASE WHEN i %% 1000 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, %(many)s) i;
INSERT INTO payouts_batchrow (id, book_id, batch_id, number, given, problems, status, currency, reference, description, code, message)
  SELECT ('0' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, ('1' || lpad(to_hex(i %% 5000 + 1), 31, '0'))::uuid, i, '', '[]',
         'dropped', 'EUR', '', '', '', ''
    FROM generate_series(1, %(many)s) i;
INSERT INTO payouts_schedule (id, book_id, name, reference, wallet_id, status, version, every, first_on, at, time_zone, calendar,
                              on_holiday, when_short, wait_days, next_on, next_at, made, maker_kind, maker_id, maker_label, makers,
                              origin, why, created_at, changed_at, ended_at)
  SELECT ('3' || lpad(to_hex(i), 31, '0'))::uuid, %(book)s, 'Rent', '', ('b' || lpad(to_hex(i), 31, '0'))::uuid,
         CASE WHEN i %% 1000 = 0 THEN 'paused' ELSE 'ended' END, 1, 'day', current_date, '09:00', 'UTC', '', 'after', 'wait', 3,
         CASE WHEN i %% 1000 = 0 THEN current_date END, CASE WHEN i %% 1000 = 0 THEN now() END, 0, '', '', '', '[]', '', '',
         now(), now(), CASE WHEN i %% 1000 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, %(many)s) i;
INSERT INTO webhooks_endpoint (id, book_id, is_test, url, description, types, version, headers_text, most_at_once, status, why_disabled,
                               reason, created_at, created_by, changed_at)
  SELECT lpad(to_hex(i), 32, '0')::uuid, %(book)s, true, 'https://example.com/' || i, '', '[]', 1, %(secret)s, 8, 'enabled', '', '', now(),
         '', now()
    FROM generate_series(0, 9) i;
INSERT INTO webhooks_line (endpoint_id, book_id, matched_through, lease, worker, failures, trouble)
  SELECT id, book_id, 0, 0, '', 0, '' FROM webhooks_endpoint;
INSERT INTO webhooks_delivery (id, endpoint_id, book_id, kind, message_id, body, event_id, position, type, subject, status, runs,
                               attempts, next_attempt_at, is_urgent, failure, created_at, acknowledged_in_id)
  SELECT ('d' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid, %(book)s, 'event', '', '',
         ('f' || lpad(to_hex(i), 31, '0'))::uuid, i, CASE WHEN i %% 2 = 0 THEN 'transfer.completed' ELSE 'wallet.created' END,
         'key:' || i, s.status, 0, 1, CASE WHEN s.status = 'pending' THEN now() END, false, '', now(),
         CASE WHEN i %% 10 = 3 THEN lpad(to_hex(i), 32, '0')::uuid END
    FROM generate_series(1, %(many)s) i,
         LATERAL (SELECT CASE i %% 1000 WHEN 0 THEN 'failed' WHEN 1 THEN 'pending' WHEN 2 THEN 'queued'
                        ELSE CASE WHEN i %% 10 = 3 THEN 'failed' ELSE 'delivered' END END) s(status);
INSERT INTO webhooks_attempt (id, delivery_id, endpoint_id, book_id, number, run, began_at, url, request_headers, body_sha256, body_bytes,
                              failure, why, address, took_ms, answer_headers, answer, is_cut, worker, ordinal)
  SELECT ('a' || lpad(to_hex(i), 31, '0'))::uuid, ('d' || lpad(to_hex(i), 31, '0'))::uuid, lpad(to_hex(i %% 10), 32, '0')::uuid,
         %(book)s, 1, 0, now(), '', '{}', '\\x00', 1, '', '', '', 1, '{}', '', false, '', i
    FROM generate_series(1, %(many)s) i;
INSERT INTO webhooks_attemptseal (book_id, position, attempt_id, ordinal, hash, sealed_at)
  SELECT book_id, ordinal, id, ordinal, '\\x00', now() FROM webhooks_attempt;
INSERT INTO webhooks_replay (id, endpoint_id, book_id, after, through, types, what, deliveries, reason, done_through, sent, created_at,
                             created_by)
  SELECT lpad(to_hex(i), 32, '0')::uuid, lpad(to_hex(i), 32, '0')::uuid, %(book)s, 0, 1, '[]', 'missing', 1, '', 0, 0, now(), ''
    FROM generate_series(0, 9) i;
RESET session_replication_role;
ANALYZE;
"""


def fill(cursor: CursorWrapper, book: Book) -> None:
    """Put ``MANY`` rows into every large table that a page of the console lists."""
    cursor.execute(FILL, {"book": book.pk, "many": MANY, "secret": encrypt("")})
