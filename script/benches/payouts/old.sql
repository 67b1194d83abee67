-- A million payouts of the past: what the workers must not look at to find the few that are due.
INSERT INTO transfers_transfer (id, book_id, kind, status, source_wallet_id, amount, currency, fee, fees, terms,
                                received_currency, returned, reference, description, metadata, provider,
                                provider_reference, failure_code, failure_message, attempts, requeries, refused_by, lease,
                                operation_id, created_at, changed_at, ended_at)
SELECT gen_random_uuid(), %(book)s, 'payout', 'completed', %(wallet)s, 100, 'EUR', 0, '[]', '{}', '', 0, '', '', '{}',
       'sandbox-bank', 'old:' || i, '', '', 1, 0, '[]', 1, gen_random_uuid(),
       now() - interval '1 year' + i * interval '30 seconds', now(), now()
  FROM generate_series(1, %(many)s) i;
