-- The application's role. Whoever migrates owns the tables; the product acts as this role, which may not
-- break what the database guards. It cannot log in: the login role is made a member.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'countinghouse_app') THEN
    CREATE ROLE countinghouse_app NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;  -- another database of this server made it a moment ago
END $$;

DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'countinghouse_app', 'MEMBER') THEN
    EXECUTE format('GRANT countinghouse_app TO %I', current_user);
  END IF;
END $$;
