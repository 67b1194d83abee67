-- One running number for everything that is sequenced. It is taken while the row locks of what it tells about
-- are held, so it follows the order in which things happened to each account and each object; ids, times and
-- transaction numbers do not.
CREATE SEQUENCE operations_ordinal AS bigint;

-- Numbers the committed events up to an ordinal that is known to be settled, densely within each book and within each
-- subject of a book, and tells whoever listens on `operations_events` in which books there is news.
CREATE FUNCTION operations_sequence_events(p_through bigint, p_limit int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE v_done int; v_books bigint[];
BEGIN
  WITH placed AS (
    INSERT INTO operations_eventposition (book_id, position, event_id, subject, object_sequence, ordinal, sequenced_at)
    SELECT e.book_id, coalesce(p.position, 0) + row_number() OVER (PARTITION BY e.book_id ORDER BY e.ordinal),
           e.id, e.subject,
           coalesce(o.object_sequence, 0) + row_number() OVER (PARTITION BY e.book_id, e.subject ORDER BY e.ordinal),
           e.ordinal, clock_timestamp()
      FROM (SELECT id, book_id, subject, ordinal FROM operations_event
             WHERE ordinal > coalesce((SELECT max(ordinal) FROM operations_eventposition), 0) AND ordinal <= p_through
             ORDER BY ordinal LIMIT p_limit) e
      LEFT JOIN LATERAL (SELECT position FROM operations_eventposition
                          WHERE book_id = e.book_id ORDER BY position DESC LIMIT 1) p ON true
      LEFT JOIN LATERAL (SELECT object_sequence FROM operations_eventposition
                          WHERE book_id = e.book_id AND subject = e.subject
                          ORDER BY object_sequence DESC LIMIT 1) o ON true
    RETURNING book_id)
  SELECT count(*), array_agg(DISTINCT book_id) INTO v_done, v_books FROM placed;
  PERFORM pg_notify('operations_events', book::text) FROM unnest(v_books) book;
  RETURN v_done;
END $$;
