-- What is in a wallet, bound to the caller's books and tenants as a read of theirs is, in one round trip: a statement outside
-- of a transaction is one by itself, and the binding ends with it. Operators give none, and reach all.
CREATE FUNCTION api_wallet_balances(p_wallet uuid, p_addresses text[], p_tenant uuid, p_books bigint[], p_tenants uuid[])
RETURNS TABLE (currency varchar, category varchar, part text, shown numeric)
LANGUAGE plpgsql
AS $$
BEGIN
  IF p_books IS NOT NULL THEN
    PERFORM operations_bind(p_books, p_tenants);
  END IF;
  RETURN QUERY
  SELECT w.currency, w.category, split_part(a.address, ':', 3), b.balance * b.side
    FROM accounts_wallet w
    LEFT JOIN ledger_account a ON a.book_id = w.book_id AND a.currency = w.currency AND a.address = ANY (p_addresses)
    LEFT JOIN ledger_balance b ON b.account_id = a.id
   WHERE w.id = p_wallet AND (p_tenant IS NULL OR w.tenant_id = p_tenant);
END $$;
