-- What a tenant's transaction may see and touch. Its books and tenants are set for the length of the transaction;
-- where they are not, there are none.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'countinghouse_tenant') THEN
    CREATE ROLE countinghouse_tenant NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;  -- another database of this server made it a moment ago
END $$;

DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'countinghouse_tenant', 'MEMBER') THEN
    EXECUTE format('GRANT countinghouse_tenant TO %I', current_user);
  END IF;
END $$;

CREATE FUNCTION operations_books() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('countinghouse.books', true), '')::bigint[]
$$;

CREATE FUNCTION operations_tenants() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('countinghouse.tenants', true), '')::uuid[]
$$;

-- Binds the rest of the transaction to these books and tenants.
CREATE FUNCTION operations_bind(p_books bigint[], p_tenants uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('countinghouse.books', p_books::text, true);
  PERFORM set_config('countinghouse.tenants', p_tenants::text, true);
  PERFORM set_config('role', 'countinghouse_tenant', true);
END $$;

-- For functions that act as the owner, whom no policy holds: refuses a tenant's transaction the books of others.
CREATE FUNCTION operations_guard_books(p_books bigint[]) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF current_setting('role') = 'countinghouse_tenant' AND NOT p_books <@ coalesce(operations_books(), '{}') THEN
    RAISE EXCEPTION 'NOT_ISOLATED: this transaction is not bound to the books %', p_books USING ERRCODE = '42501';
  END IF;
END $$;
