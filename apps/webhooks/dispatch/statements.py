"""What a worker asks of the database, each for many endpoints at once."""

from typing import Final

TAKE: Final = """
WITH free AS (
  SELECT l.endpoint_id FROM webhooks_line l JOIN webhooks_endpoint e ON e.id = l.endpoint_id
   WHERE e.status = 'enabled' AND (l.leased_until IS NULL OR l.leased_until <= %(now)s)
     AND (EXISTS (SELECT FROM webhooks_delivery d WHERE d.endpoint_id = l.endpoint_id AND d.is_urgent)
       OR (l.paused_until IS NULL OR l.paused_until <= %(now)s OR e.changed_at > l.failing_since)
      AND (EXISTS (SELECT FROM webhooks_delivery d WHERE d.endpoint_id = l.endpoint_id AND d.next_attempt_at <= %(now)s)
        OR EXISTS (SELECT FROM operations_eventposition p WHERE p.book_id = l.book_id AND p.position > l.matched_through)
        OR l.catch_up_since IS NOT NULL
        OR EXISTS (SELECT FROM webhooks_replay r WHERE r.endpoint_id = l.endpoint_id AND r.ended_at IS NULL)
        OR EXISTS (SELECT FROM webhooks_delivery d WHERE d.endpoint_id = l.endpoint_id AND d.status = 'queued' AND d.runs = 0)
       AND NOT EXISTS (SELECT FROM webhooks_delivery d
                        WHERE d.endpoint_id = l.endpoint_id AND d.status = 'pending' AND d.runs = 0)))
   ORDER BY l.failures, l.leased_until NULLS FIRST LIMIT %(most)s FOR NO KEY UPDATE OF l SKIP LOCKED)
UPDATE webhooks_line l SET lease = l.lease + 1, leased_until = %(until)s, worker = %(worker)s
  FROM free WHERE l.endpoint_id = free.endpoint_id
RETURNING l.endpoint_id, l.book_id, l.lease, l.failures, l.failing_since, l.paused_until, l.catch_up_since
"""
"""Endpoints that nobody has and for which there is something to do. A change of its settings, such as enabling it, ends that an
endpoint is left in peace."""

SETTINGS: Final = """
SELECT e.id, e.url, e.is_test, e.headers_text, e.most_at_once, e.per_second, e.changed_at,
       (SELECT coalesce(array_agg(s.secret ORDER BY s.created_at DESC), '{}') FROM webhooks_endpointsecret s
         WHERE s.endpoint_id = e.id AND (s.ends_at IS NULL OR s.ends_at > %(now)s)),
       (SELECT coalesce(array_agg(k.private ORDER BY k.created_at DESC), '{}') FROM webhooks_signingkey k
         WHERE k.book_id = e.book_id AND (k.ends_at IS NULL OR k.ends_at > %(now)s))
  FROM webhooks_endpoint e WHERE e.id = ANY (%(endpoints)s)
"""

LOOK: Final = """
SELECT l.endpoint_id, l.lease, e.status, e.changed_at
  FROM webhooks_line l JOIN webhooks_endpoint e ON e.id = l.endpoint_id WHERE l.endpoint_id = ANY (%s)
"""

RENEW: Final = """
UPDATE webhooks_line l SET leased_until = %(until)s
  FROM unnest(%(endpoints)s::uuid[], %(leases)s::bigint[]) AS h(endpoint, lease)
 WHERE l.endpoint_id = h.endpoint AND l.lease = h.lease
"""

GIVE_BACK: Final = """
UPDATE webhooks_line l SET leased_until = NULL
  FROM unnest(%s::uuid[], %s::bigint[]) AS h(endpoint, lease)
 WHERE l.endpoint_id = h.endpoint AND l.lease = h.lease
"""

CATCH_UP: Final = """
WITH line AS (
  UPDATE webhooks_line l SET catch_up_since = NULL
    FROM (SELECT endpoint_id, catch_up_since FROM webhooks_line
           WHERE endpoint_id = ANY (%(endpoints)s) AND catch_up_since IS NOT NULL) was
   WHERE l.endpoint_id = was.endpoint_id
  RETURNING l.endpoint_id, was.catch_up_since)
UPDATE webhooks_delivery d
   SET status = 'queued', attempts = 0, next_attempt_at = NULL, is_urgent = false, ended_at = NULL, acknowledged_in_id = NULL
  FROM line
 WHERE d.endpoint_id = line.endpoint_id AND d.runs = 0 AND d.kind = 'event'
   AND (d.status = 'pending' OR d.status = 'failed' AND d.ended_at >= line.catch_up_since)
"""
"""All that an endpoint has missed goes into its lanes again, in its place: what has failed for good, too."""

HEAL: Final = """
UPDATE webhooks_delivery d SET status = 'pending', next_attempt_at = %(now)s
  FROM unnest(%(endpoints)s::uuid[]) AS e(endpoint)
 CROSS JOIN LATERAL (
   SELECT DISTINCT ON (subject) id, status FROM webhooks_delivery
    WHERE endpoint_id = e.endpoint AND status IN ('queued', 'pending') AND runs = 0
    ORDER BY subject, position) head
 WHERE d.id = head.id AND head.status = 'queued'
"""
"""What waits in a lane with nothing before it: a worker died between an answer and what follows of it."""

LOCK: Final = """
SELECT endpoint_id, lease FROM webhooks_line WHERE endpoint_id = ANY (%s) ORDER BY endpoint_id FOR NO KEY UPDATE
"""
"""Nobody else matches or follows these endpoints until the transaction ends."""

MATCH: Final = """
WITH news AS (
  SELECT l.endpoint_id, l.book_id, e.types, p.position, p.event_id
    FROM webhooks_line l JOIN webhooks_endpoint e ON e.id = l.endpoint_id
   CROSS JOIN LATERAL (SELECT position, event_id FROM operations_eventposition
                        WHERE book_id = l.book_id AND position > l.matched_through ORDER BY position LIMIT %(most)s) p
   WHERE l.endpoint_id = ANY (%(endpoints)s)),
wanted AS (
  SELECT n.endpoint_id, n.book_id, n.position, v.id AS event_id, v.type, v.subject,
         row_number() OVER (PARTITION BY n.endpoint_id, v.subject ORDER BY n.position) AS nth
    FROM news n JOIN operations_event v ON v.id = n.event_id
    LEFT JOIN LATERAL (SELECT true AS known FROM webhooks_delivery
                        WHERE endpoint_id = n.endpoint_id AND event_id = v.id LIMIT 1) o ON true
   WHERE webhooks_wants(n.types, v.type) AND o.known IS NULL),
added AS (
  INSERT INTO webhooks_delivery (id, endpoint_id, book_id, kind, message_id, body, event_id, position, type, subject, status,
                                 runs, attempts, next_attempt_at, is_urgent, failure, created_at)
  SELECT webhooks_new_id(), w.endpoint_id, w.book_id, 'event', '', '', w.event_id, w.position, w.type, w.subject,
         CASE WHEN w.is_first THEN 'pending' ELSE 'queued' END, 0, 0, CASE WHEN w.is_first THEN %(now)s END, false, '', %(now)s
    FROM (SELECT w.*, w.nth = 1 AND o.waits IS NULL AS is_first
            FROM wanted w LEFT JOIN LATERAL (
                   SELECT true AS waits FROM webhooks_delivery
                    WHERE endpoint_id = w.endpoint_id AND subject = w.subject AND status IN ('queued', 'pending') AND runs = 0
                    LIMIT 1) o ON true) w
  ON CONFLICT (endpoint_id, event_id) DO NOTHING)
UPDATE webhooks_line l SET matched_through = n.through
  FROM (SELECT endpoint_id, max(position) AS through, count(*) AS seen FROM news GROUP BY endpoint_id) n
 WHERE l.endpoint_id = n.endpoint_id
RETURNING l.endpoint_id, n.seen = %(most)s
"""
"""What is asked of each row stands in a LATERAL with a LIMIT: as an anti-join it was planned, on a table that had just grown, as a scan of
all deliveries for each."""

DUE: Final = """
SELECT d.endpoint_id, d.id, d.event_id, d.message_id, d.body, d.runs, d.attempts, d.position,
       v.type, v.version, v.subject, v.recorded_at, v.data::text, p.object_sequence
  FROM unnest(%(endpoints)s::uuid[], %(rooms)s::int[]) AS h(endpoint, room)
 CROSS JOIN LATERAL (SELECT * FROM webhooks_delivery
                      WHERE endpoint_id = h.endpoint AND next_attempt_at <= %(now)s AND NOT is_urgent
                        AND NOT id = ANY (%(on_the_way)s)
                      ORDER BY next_attempt_at, position LIMIT h.room) d
  LEFT JOIN operations_event v ON v.id = d.event_id
  LEFT JOIN operations_eventposition p ON p.book_id = d.book_id AND p.position = d.position
"""

URGENT: Final = """
SELECT d.endpoint_id, d.id, d.event_id, d.message_id, d.body, d.runs, d.attempts, d.position,
       v.type, v.version, v.subject, v.recorded_at, v.data::text, p.object_sequence
  FROM webhooks_delivery d
  LEFT JOIN operations_event v ON v.id = d.event_id
  LEFT JOIN operations_eventposition p ON p.book_id = d.book_id AND p.position = d.position
 WHERE d.is_urgent AND d.endpoint_id = ANY (%(endpoints)s) AND NOT d.id = ANY (%(on_the_way)s)
 ORDER BY d.next_attempt_at LIMIT %(most)s
"""

RECORD: Final = """
INSERT INTO webhooks_attempt (id, delivery_id, endpoint_id, book_id, number, run, began_at, url, request_headers, body_sha256,
                              body_bytes, failure, why, address, tls, head_ms, took_ms, answered, answer_headers, answer,
                              is_cut, worker, ordinal)
SELECT u.*, %(worker)s, nextval('operations_ordinal')
  FROM unnest(%(id)s::uuid[], %(delivery)s::uuid[], %(endpoint)s::uuid[], %(book)s::bigint[], %(number)s::int[],
              %(run)s::int[], %(began_at)s::timestamptz[], %(url)s::text[], %(request_headers)s::jsonb[],
              %(body_sha256)s::bytea[], %(body_bytes)s::int[], %(failure)s::text[], %(why)s::text[], %(address)s::text[],
              %(tls)s::jsonb[], %(head_ms)s::int[], %(took_ms)s::int[], %(answered)s::int[], %(answer_headers)s::jsonb[],
              %(answer)s::bytea[], %(is_cut)s::boolean[]) u
ON CONFLICT (id) DO NOTHING
"""
"""What was written down before its transaction's end was heard of is not written twice."""

FOLLOW: Final = """
WITH ended AS (
  UPDATE webhooks_delivery d
     SET status = u.status, attempts = u.number, next_attempt_at = u.next_attempt_at, is_urgent = false,
         failure = u.failure, answered = u.answered,
         delivered_at = CASE WHEN u.status = 'delivered' THEN coalesce(d.delivered_at, %(now)s) ELSE d.delivered_at END,
         ended_at = CASE WHEN u.status = 'pending' THEN NULL ELSE %(now)s END
    FROM unnest(%(delivery)s::uuid[], %(status)s::text[], %(number)s::int[], %(run)s::int[], %(next_attempt_at)s::timestamptz[],
                %(failure)s::text[], %(answered)s::int[], %(is_held)s::boolean[])
           AS u(delivery, status, number, run, next_attempt_at, failure, answered, is_held)
   WHERE d.id = u.delivery AND d.status IS NOT DISTINCT FROM 'pending'
     AND (u.status = 'delivered' OR (u.is_held AND d.runs = u.run AND d.attempts = u.number - 1))
  RETURNING d.endpoint_id, d.subject, d.status, d.runs),
troubled AS (
  UPDATE webhooks_line l SET trouble = 'failed', troubled_at = %(now)s
    FROM (SELECT DISTINCT endpoint_id FROM ended WHERE status = 'failed') f
   WHERE l.endpoint_id = f.endpoint_id AND l.trouble = '' AND (l.alarmed_at IS NULL OR l.alarmed_at <= %(quiet_since)s)),
lanes AS (
  SELECT DISTINCT endpoint_id, subject FROM ended WHERE status <> 'pending' AND runs = 0)
UPDATE webhooks_delivery q SET status = 'pending', next_attempt_at = %(now)s
  FROM lanes l CROSS JOIN LATERAL (
         SELECT id FROM webhooks_delivery
          WHERE endpoint_id = l.endpoint_id AND subject = l.subject AND status = 'queued' AND runs = 0
          ORDER BY position LIMIT 1) f
 WHERE q.id = f.id
"""
"""What came of attempts, what people are to hear of it, and what may go next in their lanes. A failure counts only if nobody else has
the endpoint by now; that a message was accepted counts always. IS NOT DISTINCT FROM is never looked up in an index by status."""

DOING: Final = """
UPDATE webhooks_line l
   SET failures = u.failures, failing_since = u.failing_since, paused_until = u.paused_until,
       succeeded_at = coalesce(u.succeeded_at, l.succeeded_at), failed_at = coalesce(u.failed_at, l.failed_at),
       trouble = CASE WHEN u.trouble = '' THEN l.trouble ELSE u.trouble END,
       troubled_at = CASE WHEN u.trouble = '' THEN l.troubled_at ELSE coalesce(l.troubled_at, %(now)s) END
  FROM unnest(%(endpoint)s::uuid[], %(lease)s::bigint[], %(failures)s::int[], %(failing_since)s::timestamptz[],
              %(paused_until)s::timestamptz[], %(succeeded_at)s::timestamptz[], %(failed_at)s::timestamptz[], %(trouble)s::text[])
         AS u(endpoint, lease, failures, failing_since, paused_until, succeeded_at, failed_at, trouble)
 WHERE l.endpoint_id = u.endpoint AND l.lease = u.lease
"""

TROUBLES: Final = """
SELECT endpoint_id, trouble, troubled_at FROM webhooks_line
 WHERE troubled_at IS NOT NULL AND (worker = %(worker)s OR leased_until IS NULL OR leased_until <= %(now)s)
 ORDER BY troubled_at LIMIT %(most)s
"""
"""What people were not told of yet: this worker's own, and what one has left that died before it told."""

REPLAYS: Final = """
SELECT r.id, r.endpoint_id, r.book_id, r.done_through, r.through, r.types, r.what, l.matched_through
  FROM webhooks_replay r JOIN webhooks_line l ON l.endpoint_id = r.endpoint_id
 WHERE r.endpoint_id = ANY (%s) AND r.ended_at IS NULL ORDER BY r.id
"""

REPLAY: Final = """
WITH part AS (
  SELECT p.position, v.id, v.type, v.subject, d.id AS delivery, d.status, d.delivered_at
    FROM (SELECT position, event_id FROM operations_eventposition
           WHERE book_id = %(book)s AND position > %(after)s AND position <= %(through)s ORDER BY position LIMIT %(most)s) p
    JOIN operations_event v ON v.id = p.event_id
    LEFT JOIN webhooks_delivery d ON d.endpoint_id = %(endpoint)s AND d.event_id = v.id),
wanted AS (
  SELECT part.* FROM part JOIN webhooks_endpoint e ON e.id = %(endpoint)s
   WHERE webhooks_wants(e.types, part.type) AND webhooks_wants(%(types)s::jsonb, part.type)
     AND coalesce(part.status, '') NOT IN ('queued', 'pending')
     AND CASE %(what)s WHEN 'all' THEN true WHEN 'failed' THEN part.status = 'failed' ELSE part.delivered_at IS NULL END),
again AS (
  UPDATE webhooks_delivery d
     SET status = 'pending', runs = d.runs + 1, attempts = 0, next_attempt_at = %(now)s, ended_at = NULL, acknowledged_in_id = NULL
    FROM wanted w WHERE d.id = w.delivery RETURNING 1),
added AS (
  INSERT INTO webhooks_delivery (id, endpoint_id, book_id, kind, message_id, body, event_id, position, type, subject, status,
                                 runs, attempts, next_attempt_at, is_urgent, failure, created_at)
  SELECT webhooks_new_id(), %(endpoint)s, %(book)s, 'event', '', '', w.id, w.position, w.type, w.subject, 'pending',
         1, 0, %(now)s, false, '', %(now)s
    FROM wanted w WHERE w.delivery IS NULL RETURNING 1)
SELECT (SELECT max(position) FROM part), (SELECT count(*) FROM again) + (SELECT count(*) FROM added)
"""
