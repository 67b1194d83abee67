\set number random(0, :wallets - 1)
\set step random(1, :wallets - 1)
\set source :first + :number
\set destination :first + (:number + :step) % :wallets
\set amount random(1, 10000)
SELECT o_codes FROM ledger_post(ARRAY[gen_random_uuid()], ARRAY[:book]::bigint[], ARRAY[left('tr_' || gen_random_uuid(), 30)], ARRAY['\x5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9'::bytea], ARRAY['transfer'], ARRAY[''], ARRAY['{}'::jsonb], ARRAY[NULL]::uuid[], ARRAY[NULL]::uuid[], ARRAY[NULL]::uuid[], ARRAY[NULL]::int[], ARRAY[NULL]::timestamptz[], ARRAY[false], ARRAY[false], ARRAY[1], ARRAY[1]::smallint[], ARRAY[:source]::bigint[], ARRAY[:destination]::bigint[], ARRAY['EUR'], ARRAY[:amount]::numeric[], ARRAY[NULL]::uuid[], ARRAY[NULL]::smallint[], true);
