-- psql "$DATABASE_URL" -v book=7 -f attempts.sql > attempts.csv
COPY (
  SELECT s.position, encode(s.hash, 'hex') AS seal, a.id, a.delivery_id, a.endpoint_id, a.book_id, a.run, a.number,
         (extract(epoch FROM a.began_at) * 1000000)::bigint AS began_at, a.url, a.request_headers,
         encode(a.body_sha256, 'hex') AS body_sha256, a.body_bytes, a.failure, a.why, a.address, a.tls, a.answered,
         a.answer_headers, encode(a.answer, 'hex') AS answer, to_json(a.is_cut) AS is_cut, a.head_ms, a.took_ms, a.worker, a.ordinal
    FROM webhooks_attemptseal s JOIN webhooks_attempt a ON a.id = s.attempt_id
   WHERE s.book_id = :book ORDER BY s.position
) TO STDOUT WITH (FORMAT csv, HEADER);
