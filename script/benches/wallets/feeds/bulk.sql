\set mine :first + :client_id * :share
SELECT bench.feed(:book, :entries, :mine, :share);
