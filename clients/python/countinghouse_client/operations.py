"""One method for each operation of the API: made by script/api_client.py from docs/openapi.yaml."""

from typing import Literal, TypedDict, Unpack, cast

from countinghouse_client import models
from countinghouse_client.transport import Page, Transport, part


class ListAccountsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["address,currency", "-address,currency"] | None
    address: str | None
    under: str | None
    currency: str | None
    gl_code: str | None
    tenant: str | None


class GetAccountQuery(TypedDict, total=False):
    tenant: str | None


class GetAccountBalanceQuery(TypedDict, total=False):
    as_of: str | None
    known_at: str | None
    position: int | None
    tenant: str | None


class GetAccountStatementQuery(TypedDict, total=False):
    as_of: str | None
    known_at: str | None
    position: int | None
    limit: int | None
    cursor: str | None
    order: Literal["-sequence", "sequence"] | None
    tenant: str | None


class ListApiKeysQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    prefix: str | None
    tenant: str | None


class ListApprovalRequestsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    command: str | None
    status: Literal["pending", "approved", "applied", "rejected", "refused", "withdrawn"] | None
    tenant: str | None


class ListAttemptsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    transfer: str | None
    tenant: str | None


class GetBalancesQuery(TypedDict, total=False):
    tenant: str | None


class ListBulkQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    status: Literal["queued", "running", "done", "stopped"] | None
    tenant: str | None


class GetBulkItemsQuery(TypedDict, total=False):
    cursor: str | None


class ListCustomersQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    external_id: str | None
    kind: Literal["person", "business"] | None
    status: Literal["active", "closed"] | None
    created_from: str | None
    created_before: str | None
    tenant: str | None


class ListDepositsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    wallet: str | None
    transfer: str | None
    tenant: str | None


class ListEntriesQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-position", "position"] | None
    reference: str | None
    kind: str | None
    operation: str | None
    tenant: str | None


class ListEventsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["position", "-position"] | None
    type: str | None
    subject: str | None
    after: int | None
    tenant: str | None


class GetEventsMissingQuery(TypedDict, total=False):
    since: int | None
    limit: int | None
    tenant: str | None


class ListHoldsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    wallet: str | None
    remaining: Literal["some"] | None
    tenant: str | None


class ListIdempotencyKeysQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    key: str | None
    status: Literal["accepted", "pending_approval", "refused"] | None
    tenant: str | None


class ListInquiriesQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    transfer: str | None
    kind: Literal["recall", "trace"] | None
    status: Literal["open", "answered", "refused"] | None
    tenant: str | None


class ListOperationsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    command: str | None
    status: Literal["accepted", "pending_approval", "refused"] | None
    idempotency_key: str | None
    code: str | None
    actor: str | None
    recorded_from: str | None
    recorded_before: str | None
    tenant: str | None


class ListPayoutBatchRowsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    batch: str | None
    status: Literal["ready", "wrong", "dropped", "reserved", "refused"] | None
    tenant: str | None


class ListPayoutBatchesQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    status: (
        Literal[
            "draft",
            "pending_approval",
            "approved",
            "executing",
            "partially_completed",
            "completed",
            "cancelled",
        ]
        | None
    )
    reference: str | None
    created_from: str | None
    created_before: str | None
    tenant: str | None


class ListPayoutScheduleRowsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    schedule: str | None
    tenant: str | None


class ListPayoutScheduleRunsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    schedule: str | None
    tenant: str | None


class ListPayoutSchedulesQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    status: Literal["active", "paused", "ended"] | None
    created_from: str | None
    created_before: str | None
    tenant: str | None


class GetPlatformStatisticsQuery(TypedDict, total=False):
    since: str | None
    through: str | None
    tenant: str | None


class GetRatesQuery(TypedDict, total=False):
    on: str | None
    known_at: str | None
    currency: str | None


class ListRecipientVerificationsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    recipient: str | None
    result: Literal["unverified", "pending", "match", "partial", "no_match", "not_possible", "expired"] | None
    tenant: str | None


class ListRecipientsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    customer: str | None
    kind: Literal["bank_account", "crypto_address", "card"] | None
    currency: str | None
    status: Literal["active", "closed"] | None
    verification: (
        Literal["unverified", "pending", "match", "partial", "no_match", "not_possible", "expired"] | None
    )
    external_id: str | None
    created_from: str | None
    created_before: str | None
    tenant: str | None


class ListRequestsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    key: str | None
    request_id: str | None
    status: int | None
    operation: str | None
    asked_from: str | None
    asked_before: str | None
    tenant: str | None


class ListRollingReservesQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    wallet: str | None
    transfer: str | None
    status: Literal["held", "released"] | None
    tenant: str | None


class ListSweepExecutionsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    rule: str | None
    status: Literal["done", "instructed", "waiting", "nothing_to_do", "short", "refused"] | None
    due_from: str | None
    due_before: str | None
    tenant: str | None


class ListSweepInstructionsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    rule: str | None
    status: Literal["open", "confirmed", "cancelled"] | None
    tenant: str | None


class ListSweepRulesQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    account: str | None
    currency: str | None
    in_force: bool | None
    tenant: str | None


class ListTeamInvitationsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    tenant: str | None


class ListTeamMembersQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    role: Literal["owner", "admin", "developer", "finance", "viewer"] | None
    tenant: str | None


class ListTenantsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    status: Literal["provisioning", "active", "suspended", "closed"] | None
    slug: str | None
    tenant: str | None


class ListTransfersQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    reference: str | None
    provider_reference: str | None
    kind: (
        Literal[
            "pay_in",
            "internal",
            "payout",
            "conversion",
            "otc_trade",
            "onramp",
            "offramp",
            "pool_top_up",
            "pool_payout",
            "refund",
            "buy",
            "sell",
            "bridge",
            "strategy_start",
            "strategy_stop",
            "escrow_hold",
            "escrow_release",
            "fee",
        ]
        | None
    )
    status: (
        Literal["cancelled", "completed", "expired", "failed", "pending_approval", "processing", "reversed"]
        | None
    )
    from_wallet: str | None
    to_wallet: str | None
    escrow: str | None
    created_from: str | None
    created_before: str | None
    tenant: str | None


class ListVirtualAccountsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    wallet: str | None
    status: Literal["requested", "active"] | None
    number: str | None
    tenant: str | None


class ListWalletsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    customer: str | None
    currency: str | None
    category: Literal["banking", "investing", "defi"] | None
    status: Literal["open", "closed"] | None
    is_low: bool | None
    external_id: str | None
    created_from: str | None
    created_before: str | None
    tenant: str | None


class GetWalletBalancesQuery(TypedDict, total=False):
    as_of: str | None
    known_at: str | None
    position: int | None


class GetWalletStatementQuery(TypedDict, total=False):
    as_of: str | None
    known_at: str | None
    position: int | None
    part: Literal["available", "held", "owed"] | None
    limit: int | None
    cursor: str | None
    order: Literal["-sequence", "sequence"] | None


class ListWebhookAttemptsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    delivery: str | None
    endpoint: str | None
    tenant: str | None


class ListWebhookDeliveriesQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    endpoint: str | None
    status: Literal["queued", "pending", "delivered", "failed"] | None
    event: str | None
    type: str | None
    subject: str | None
    tenant: str | None


class ListWebhookEndpointsQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    status: Literal["enabled", "disabled", "removed"] | None
    tenant: str | None


class ListWebhookReplaysQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    endpoint: str | None
    tenant: str | None


class ListWebhookSigningKeysQuery(TypedDict, total=False):
    limit: int | None
    cursor: str | None
    order: Literal["-id", "id"] | None
    tenant: str | None


class Client(Transport):
    """The API, asked with one key."""

    def list_accounts(self, **query: Unpack[ListAccountsQuery]) -> Page[models.AccountOutput]:
        """Accounts of the book.

        Needs the scope `ledger:read`.
        """
        return self._page("/v1/accounts", dict(query))

    def get_account(
        self, address: str, currency: str, **query: Unpack[GetAccountQuery]
    ) -> models.AccountOutput:
        """One account, by address and currency.

        Needs the scope `ledger:read`.
        """
        return cast(
            models.AccountOutput,
            self.request("GET", f"/v1/accounts/{part(address)}/{part(currency)}", query=dict(query)),
        )

    def get_account_balance(
        self, address: str, currency: str, **query: Unpack[GetAccountBalanceQuery]
    ) -> models.AccountBalanceOutput:
        """The balance of an account.

        Needs the scope `ledger:read`.
        """
        return cast(
            models.AccountBalanceOutput,
            self.request("GET", f"/v1/accounts/{part(address)}/{part(currency)}/balance", query=dict(query)),
        )

    def get_account_statement(
        self, address: str, currency: str, **query: Unpack[GetAccountStatementQuery]
    ) -> models.StatementOutput:
        """The statement of an account, line by line.

        Needs the scope `ledger:read`.
        """
        return cast(
            models.StatementOutput,
            self.request(
                "GET", f"/v1/accounts/{part(address)}/{part(currency)}/statement", query=dict(query)
            ),
        )

    def get_alive(self) -> models.AliveOutput:
        """Whether the API answers, and in which version. Needs no key."""
        return cast(models.AliveOutput, self.request("GET", "/v1/alive", query={}))

    def list_api_keys(self, **query: Unpack[ListApiKeysQuery]) -> Page[models.ApiKeyOutput]:
        """API keys, without their secrets.

        Needs the scope `keys:read`.
        """
        return self._page("/v1/api-keys", dict(query))

    def create_api_key(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateApiKeyBody],
    ) -> models.ApiKeyCreatedResult:
        """Create an API key.

        Needs the scope `keys:write`.
        """
        return cast(
            "models.ApiKeyCreatedResult", self._command("/v1/api-keys", dict(body), idempotency_key, retry_of)
        )

    def revoke_api_key(
        self,
        api_key: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RevokeApiKeyBody],
    ) -> models.ApiKeyRevokedResult:
        """Revoke an API key.

        Needs the scope `keys:write`.
        """
        return cast(
            "models.ApiKeyRevokedResult",
            self._command(f"/v1/api-keys/{part(api_key)}/revoke", dict(body), idempotency_key, retry_of),
        )

    def rotate_api_key(
        self,
        api_key: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RotateApiKeyBody],
    ) -> models.ApiKeyRotatedResult:
        """Rotate an API key.

        Needs the scope `keys:write`.
        """
        return cast(
            "models.ApiKeyRotatedResult",
            self._command(f"/v1/api-keys/{part(api_key)}/rotate", dict(body), idempotency_key, retry_of),
        )

    def get_api_key(self, id: str) -> models.ApiKeyOutput:
        """One API key.

        Needs the scope `keys:read`.
        """
        return cast(models.ApiKeyOutput, self.request("GET", f"/v1/api-keys/{part(id)}", query={}))

    def list_approval_requests(
        self, **query: Unpack[ListApprovalRequestsQuery]
    ) -> Page[models.ApprovalRequestOutput]:
        """Commands that wait for people.

        Needs the scope `operations:read`.
        """
        return self._page("/v1/approval-requests", dict(query))

    def get_approval_request(self, id: str) -> models.ApprovalRequestOutput:
        """One approval request.

        Needs the scope `operations:read`.
        """
        return cast(
            models.ApprovalRequestOutput, self.request("GET", f"/v1/approval-requests/{part(id)}", query={})
        )

    def list_attempts(self, **query: Unpack[ListAttemptsQuery]) -> Page[models.AttemptOutput]:
        """What was asked of providers about your transfers, and what they answered.

        Needs the scope `transfers:read`.
        """
        return self._page("/v1/attempts", dict(query))

    def get_attempt(self, id: str) -> models.AttemptOutput:
        """One attempt.

        Needs the scope `transfers:read`.
        """
        return cast(models.AttemptOutput, self.request("GET", f"/v1/attempts/{part(id)}", query={}))

    def get_balances(self, **query: Unpack[GetBalancesQuery]) -> models.TotalsOutput:
        """What all wallets hold together, by category and currency, and in the tenant's base currency.

        Needs the scope `wallets:read`.
        """
        return cast(models.TotalsOutput, self.request("GET", "/v1/balances", query=dict(query)))

    def create_bridge(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.BridgeBody],
    ) -> models.AskedResult:
        """Move coins to another network.

        Needs the scope `transfers:write`.
        """
        return cast("models.AskedResult", self._command("/v1/bridges", dict(body), idempotency_key, retry_of))

    def list_bulk(self, **query: Unpack[ListBulkQuery]) -> Page[models.BulkJobOutput]:
        """Bulks that are worked off later.

        Needs the scope `operations:read`.
        """
        return self._page("/v1/bulk", dict(query))

    def run_bulk(
        self, *, later: bool = False, **body: Unpack[models.BulkBody]
    ) -> models.BulkAnswers | models.BulkJobOutput:
        """Run many commands.

        Up to 10,000 items are answered at once, more, or with Prefer: respond-async, later.
        """
        return cast(
            "models.BulkAnswers | models.BulkJobOutput",
            self.request(
                "POST", "/v1/bulk", body=dict(body), headers={"Prefer": "respond-async"} if later else None
            ),
        )

    def get_bulk(self, id: str) -> models.BulkJobOutput:
        """One bulk.

        Needs the scope `operations:read`.
        """
        return cast(models.BulkJobOutput, self.request("GET", f"/v1/bulk/{part(id)}", query={}))

    def get_bulk_items(self, id: str, **query: Unpack[GetBulkItemsQuery]) -> models.BulkItemsOutput:
        """The answers of a bulk that is worked off later, in the order of its items.

        Needs the scope `operations:read`.
        """
        return cast(
            models.BulkItemsOutput, self.request("GET", f"/v1/bulk/{part(id)}/items", query=dict(query))
        )

    def create_buy(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ExchangeBody],
    ) -> models.AskedResult:
        """Buy an investment.

        Needs the scope `transfers:write`.
        """
        return cast("models.AskedResult", self._command("/v1/buys", dict(body), idempotency_key, retry_of))

    def list_customers(self, **query: Unpack[ListCustomersQuery]) -> Page[models.CustomerOutput]:
        """Customers.

        Needs the scope `customers:read`.
        """
        return self._page("/v1/customers", dict(query))

    def create_customer(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateCustomerBody],
    ) -> models.CustomerCreatedResult:
        """Create a customer.

        Needs the scope `customers:write`.
        """
        return cast(
            "models.CustomerCreatedResult",
            self._command("/v1/customers", dict(body), idempotency_key, retry_of),
        )

    def close_customer(
        self,
        customer: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CloseCustomerBody],
    ) -> models.CustomerClosedResult:
        """Close a customer.

        Needs the scope `customers:write`.
        """
        return cast(
            "models.CustomerClosedResult",
            self._command(f"/v1/customers/{part(customer)}/close", dict(body), idempotency_key, retry_of),
        )

    def update_customer(
        self,
        customer: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.UpdateCustomerBody],
    ) -> models.CustomerUpdatedResult:
        """Change a customer.

        Needs the scope `customers:write`.
        """
        return cast(
            "models.CustomerUpdatedResult",
            self._command(f"/v1/customers/{part(customer)}/update", dict(body), idempotency_key, retry_of),
        )

    def get_customer(self, id: str) -> models.CustomerOutput:
        """One customer.

        Needs the scope `customers:read`.
        """
        return cast(models.CustomerOutput, self.request("GET", f"/v1/customers/{part(id)}", query={}))

    def list_deposits(self, **query: Unpack[ListDepositsQuery]) -> Page[models.DepositOutput]:
        """Deposits that were credited.

        What cannot be credited to anybody is the platform's to sort out, and not listed here. Needs the
        scope `transfers:read`.
        """
        return self._page("/v1/deposits", dict(query))

    def get_deposit(self, id: str) -> models.DepositOutput:
        """One deposit.

        Needs the scope `transfers:read`.
        """
        return cast(models.DepositOutput, self.request("GET", f"/v1/deposits/{part(id)}", query={}))

    def list_entries(self, **query: Unpack[ListEntriesQuery]) -> Page[models.EntryOutput]:
        """Journal entries by position.

        What has its position; an entry just posted gets it within about a second. Needs the scope
        `ledger:read`.
        """
        return self._page("/v1/entries", dict(query))

    def get_entry(self, id: str) -> models.EntryOutput:
        """One entry.

        Needs the scope `ledger:read`.
        """
        return cast(models.EntryOutput, self.request("GET", f"/v1/entries/{part(id)}", query={}))

    def release_escrow(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ReleaseEscrowBody],
    ) -> models.EscrowResult:
        """Release money from escrow.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.EscrowResult", self._command("/v1/escrow-releases", dict(body), idempotency_key, retry_of)
        )

    def hold_in_escrow(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.HoldInEscrowBody],
    ) -> models.EscrowResult:
        """Put money in escrow.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.EscrowResult", self._command("/v1/escrows", dict(body), idempotency_key, retry_of)
        )

    def list_events(self, **query: Unpack[ListEventsQuery]) -> Page[models.EventOutput]:
        """The feed: every event by position.

        Dense and in order: keep the last `next`, ask again with it, and miss nothing. Needs the scope
        `operations:read`.
        """
        return self._page("/v1/events", dict(query))

    def get_event(self, id: str) -> models.SingleEventOutput:
        """One event.

        Needs the scope `operations:read`.
        """
        return cast(models.SingleEventOutput, self.request("GET", f"/v1/events/{part(id)}", query={}))

    def get_events_missing(self, **query: Unpack[GetEventsMissingQuery]) -> models.MissingEventsOutput:
        """Events that endpoints were never answered 2xx for.

        Needs the scope `webhooks:read`.
        """
        return cast(models.MissingEventsOutput, self.request("GET", "/v1/events/missing", query=dict(query)))

    def charge_fee(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ChargeFeeBody],
    ) -> models.FeeChargedResult:
        """Charge a fee.

        Needs the scope `platform:write`.
        """
        return cast(
            "models.FeeChargedResult", self._command("/v1/fees", dict(body), idempotency_key, retry_of)
        )

    def list_holds(self, **query: Unpack[ListHoldsQuery]) -> Page[models.HoldOutput]:
        """Holds.

        Needs the scope `transfers:read`.
        """
        return self._page("/v1/holds", dict(query))

    def place_hold(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.PlaceHoldBody],
    ) -> models.HoldPlacedResult:
        """Hold money of a wallet.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.HoldPlacedResult", self._command("/v1/holds", dict(body), idempotency_key, retry_of)
        )

    def release_hold(
        self,
        hold: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ReleaseHoldBody],
    ) -> models.HoldEndedResult:
        """Release a hold to its wallet.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.HoldEndedResult",
            self._command(f"/v1/holds/{part(hold)}/release", dict(body), idempotency_key, retry_of),
        )

    def settle_hold(
        self,
        hold: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.SettleHoldBody],
    ) -> models.HoldEndedResult:
        """Settle a hold to a wallet.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.HoldEndedResult",
            self._command(f"/v1/holds/{part(hold)}/settle", dict(body), idempotency_key, retry_of),
        )

    def get_hold(self, id: str) -> models.HoldOutput:
        """One hold.

        Needs the scope `transfers:read`.
        """
        return cast(models.HoldOutput, self.request("GET", f"/v1/holds/{part(id)}", query={}))

    def list_idempotency_keys(
        self, **query: Unpack[ListIdempotencyKeysQuery]
    ) -> Page[models.IdempotencyKeyOutput]:
        """Idempotency keys and the operations that hold them.

        Needs the scope `platform:read`.
        """
        return self._page("/v1/idempotency-keys", dict(query))

    def get_idempotency_key(self, id: str) -> models.IdempotencyKeyOutput:
        """One idempotency key.

        Needs the scope `platform:read`.
        """
        return cast(
            models.IdempotencyKeyOutput, self.request("GET", f"/v1/idempotency-keys/{part(id)}", query={})
        )

    def list_inquiries(self, **query: Unpack[ListInquiriesQuery]) -> Page[models.InquiryOutput]:
        """Recalls and traces.

        A recall moves no money: what comes back is told as `transfer.returned`. Needs the scope
        `transfers:read`.
        """
        return self._page("/v1/inquiries", dict(query))

    def get_inquiry(self, id: str) -> models.InquiryOutput:
        """One inquiry.

        Needs the scope `transfers:read`.
        """
        return cast(models.InquiryOutput, self.request("GET", f"/v1/inquiries/{part(id)}", query={}))

    def create_offramp(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.SaleBody],
    ) -> models.AskedResult:
        """Turn coins into money.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.AskedResult", self._command("/v1/offramps", dict(body), idempotency_key, retry_of)
        )

    def create_onramp(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ExchangeBody],
    ) -> models.AskedResult:
        """Turn money into coins.

        Needs the scope `transfers:write`.
        """
        return cast("models.AskedResult", self._command("/v1/onramps", dict(body), idempotency_key, retry_of))

    def list_operations(self, **query: Unpack[ListOperationsQuery]) -> Page[models.OperationOutput]:
        """Operations: each run of a command, with its result or why it was refused.

        Needs the scope `operations:read`.
        """
        return self._page("/v1/operations", dict(query))

    def get_operation(self, id: str) -> models.OperationOutput:
        """One operation.

        Needs the scope `operations:read`.
        """
        return cast(models.OperationOutput, self.request("GET", f"/v1/operations/{part(id)}", query={}))

    def reset_key(
        self,
        operation: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ResetKeyBody],
    ) -> models.KeyResetResult:
        """Free the key of a refused operation.

        Needs the scope `platform:write`.
        """
        return cast(
            "models.KeyResetResult",
            self._command(
                f"/v1/operations/{part(operation)}/reset-key", dict(body), idempotency_key, retry_of
            ),
        )

    def post_pay_in(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.PayInBody],
    ) -> models.PayInResult:
        """Post a pay-in.

        Needs the scope `transfers:write`.
        """
        return cast("models.PayInResult", self._command("/v1/pay-ins", dict(body), idempotency_key, retry_of))

    def upload_batch(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.UploadBatchBody],
    ) -> models.UploadedResult:
        """Upload a batch of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.UploadedResult",
            self._command("/v1/payout-batch-files", dict(body), idempotency_key, retry_of),
        )

    def list_payout_batch_rows(
        self, **query: Unpack[ListPayoutBatchRowsQuery]
    ) -> Page[models.BatchRowOutput]:
        """The rows of batches of payouts.

        Needs the scope `transfers:read`.
        """
        return self._page("/v1/payout-batch-rows", dict(query))

    def get_payout_batch_row(self, id: str) -> models.BatchRowOutput:
        """One payout batch row.

        Needs the scope `transfers:read`.
        """
        return cast(models.BatchRowOutput, self.request("GET", f"/v1/payout-batch-rows/{part(id)}", query={}))

    def list_payout_batches(self, **query: Unpack[ListPayoutBatchesQuery]) -> Page[models.BatchOutput]:
        """Batches of payouts.

        Needs the scope `transfers:read`.
        """
        return self._page("/v1/payout-batches", dict(query))

    def create_batch(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateBatchBody],
    ) -> models.RowsResult:
        """Begin a batch of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.RowsResult", self._command("/v1/payout-batches", dict(body), idempotency_key, retry_of)
        )

    def cancel_batch(
        self,
        batch: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CancelBatchBody],
    ) -> models.CancelledResult:
        """Cancel a batch of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.CancelledResult",
            self._command(f"/v1/payout-batches/{part(batch)}/cancel", dict(body), idempotency_key, retry_of),
        )

    def compare_batch(
        self,
        batch: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.BatchBody],
    ) -> models.BatchResult:
        """Ask providers what they executed of a batch.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.BatchResult",
            self._command(f"/v1/payout-batches/{part(batch)}/compare", dict(body), idempotency_key, retry_of),
        )

    def execute_batch(
        self,
        batch: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ExecuteBatchBody],
    ) -> models.ExecuteResult:
        """Execute a batch of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.ExecuteResult",
            self._command(f"/v1/payout-batches/{part(batch)}/execute", dict(body), idempotency_key, retry_of),
        )

    def add_rows(
        self,
        batch: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.AddRowsBody],
    ) -> models.RowsResult:
        """Add rows to a batch.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.RowsResult",
            self._command(f"/v1/payout-batches/{part(batch)}/rows", dict(body), idempotency_key, retry_of),
        )

    def mend_row(
        self,
        batch: str,
        number: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.MendRowBody],
    ) -> models.RowResult:
        """Mend a row of a batch.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.RowResult",
            self._command(
                f"/v1/payout-batches/{part(batch)}/rows/{part(number)}", dict(body), idempotency_key, retry_of
            ),
        )

    def drop_row(
        self,
        batch: str,
        number: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.DropRowBody],
    ) -> models.RowResult:
        """Leave a row of a batch out.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.RowResult",
            self._command(
                f"/v1/payout-batches/{part(batch)}/rows/{part(number)}/drop",
                dict(body),
                idempotency_key,
                retry_of,
            ),
        )

    def submit_batch(
        self,
        batch: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.SubmitBatchBody],
    ) -> models.SubmittedResult:
        """Submit a batch of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.SubmittedResult",
            self._command(f"/v1/payout-batches/{part(batch)}/submit", dict(body), idempotency_key, retry_of),
        )

    def get_payout_batche(self, id: str) -> models.BatchOutput:
        """One payout batch.

        Needs the scope `transfers:read`.
        """
        return cast(models.BatchOutput, self.request("GET", f"/v1/payout-batches/{part(id)}", query={}))

    def list_payout_schedule_rows(
        self, **query: Unpack[ListPayoutScheduleRowsQuery]
    ) -> Page[models.ScheduleRowOutput]:
        """The rows of schedules of payouts.

        Needs the scope `transfers:read`.
        """
        return self._page("/v1/payout-schedule-rows", dict(query))

    def get_payout_schedule_row(self, id: str) -> models.ScheduleRowOutput:
        """One payout schedule row.

        Needs the scope `transfers:read`.
        """
        return cast(
            models.ScheduleRowOutput, self.request("GET", f"/v1/payout-schedule-rows/{part(id)}", query={})
        )

    def list_payout_schedule_runs(
        self, **query: Unpack[ListPayoutScheduleRunsQuery]
    ) -> Page[models.ScheduleRunOutput]:
        """What came of each day of schedules of payouts.

        Needs the scope `transfers:read`.
        """
        return self._page("/v1/payout-schedule-runs", dict(query))

    def get_payout_schedule_run(self, id: str) -> models.ScheduleRunOutput:
        """One payout schedule run.

        Needs the scope `transfers:read`.
        """
        return cast(
            models.ScheduleRunOutput, self.request("GET", f"/v1/payout-schedule-runs/{part(id)}", query={})
        )

    def list_payout_schedules(self, **query: Unpack[ListPayoutSchedulesQuery]) -> Page[models.ScheduleOutput]:
        """Schedules of payouts.

        Needs the scope `transfers:read`.
        """
        return self._page("/v1/payout-schedules", dict(query))

    def create_schedule(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateScheduleBody],
    ) -> models.ScheduleResult:
        """Schedule payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.ScheduleResult",
            self._command("/v1/payout-schedules", dict(body), idempotency_key, retry_of),
        )

    def get_payout_schedule(self, id: str) -> models.ScheduleOutput:
        """One payout schedule.

        Needs the scope `transfers:read`.
        """
        return cast(models.ScheduleOutput, self.request("GET", f"/v1/payout-schedules/{part(id)}", query={}))

    def change_schedule(
        self,
        schedule: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ChangeScheduleBody],
    ) -> models.ScheduleResult:
        """Change a schedule of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.ScheduleResult",
            self._command(
                f"/v1/payout-schedules/{part(schedule)}/change", dict(body), idempotency_key, retry_of
            ),
        )

    def end_schedule(
        self,
        schedule: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.StopScheduleBody],
    ) -> models.ScheduleResult:
        """End a schedule of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.ScheduleResult",
            self._command(
                f"/v1/payout-schedules/{part(schedule)}/end", dict(body), idempotency_key, retry_of
            ),
        )

    def pause_schedule(
        self,
        schedule: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.StopScheduleBody],
    ) -> models.ScheduleResult:
        """Pause a schedule of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.ScheduleResult",
            self._command(
                f"/v1/payout-schedules/{part(schedule)}/pause", dict(body), idempotency_key, retry_of
            ),
        )

    def resume_schedule(
        self,
        schedule: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ScheduleBody],
    ) -> models.ScheduleResult:
        """Resume a schedule of payouts.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.ScheduleResult",
            self._command(
                f"/v1/payout-schedules/{part(schedule)}/resume", dict(body), idempotency_key, retry_of
            ),
        )

    def create_payout(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreatePayoutBody],
    ) -> models.AskedResult:
        """Pay out.

        Needs the scope `transfers:write`.
        """
        return cast("models.AskedResult", self._command("/v1/payouts", dict(body), idempotency_key, retry_of))

    def get_platform_health(self) -> models.HealthOutput:
        """Whether the parts that a request needs are there.

        Needs the scope `platform:read`.
        """
        return cast(models.HealthOutput, self.request("GET", "/v1/platform/health", query={}))

    def get_platform_statistics(self, **query: Unpack[GetPlatformStatisticsQuery]) -> models.StatisticsOutput:
        """What was asked of the platform, what failed, and what moved.

        Needs the scope `platform:read`.
        """
        return cast(
            models.StatisticsOutput, self.request("GET", "/v1/platform/statistics", query=dict(query))
        )

    def get_platform_treasury(self) -> models.TreasuryOutput:
        """What we hold at each provider and bank, what is reserved against it, and what is due by day.

        Needs the scope `platform:read`.
        """
        return cast(models.TreasuryOutput, self.request("GET", "/v1/platform/treasury", query={}))

    def get_rates(self, **query: Unpack[GetRatesQuery]) -> models.RatesOutput:
        """Exchange rates that stand on a day, as they were published.

        Needs the scope `rates:read`.
        """
        return cast(models.RatesOutput, self.request("GET", "/v1/rates", query=dict(query)))

    def list_recipient_verifications(
        self, **query: Unpack[ListRecipientVerificationsQuery]
    ) -> Page[models.RecipientVerificationOutput]:
        """What was found of whose the accounts of recipients are.

        Needs the scope `recipients:read`.
        """
        return self._page("/v1/recipient-verifications", dict(query))

    def get_recipient_verification(self, id: str) -> models.RecipientVerificationOutput:
        """One recipient verification.

        Needs the scope `recipients:read`.
        """
        return cast(
            models.RecipientVerificationOutput,
            self.request("GET", f"/v1/recipient-verifications/{part(id)}", query={}),
        )

    def list_recipients(self, **query: Unpack[ListRecipientsQuery]) -> Page[models.RecipientOutput]:
        """Recipients.

        Needs the scope `recipients:read`.
        """
        return self._page("/v1/recipients", dict(query))

    def create_recipient(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateRecipientBody],
    ) -> models.RecipientCreatedResult:
        """Create a recipient.

        Needs the scope `recipients:write`.
        """
        return cast(
            "models.RecipientCreatedResult",
            self._command("/v1/recipients", dict(body), idempotency_key, retry_of),
        )

    def get_recipient(self, id: str) -> models.RecipientOutput:
        """One recipient.

        Needs the scope `recipients:read`.
        """
        return cast(models.RecipientOutput, self.request("GET", f"/v1/recipients/{part(id)}", query={}))

    def close_recipient(
        self,
        recipient: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CloseRecipientBody],
    ) -> models.RecipientClosedResult:
        """Close a recipient.

        Needs the scope `recipients:write`.
        """
        return cast(
            "models.RecipientClosedResult",
            self._command(f"/v1/recipients/{part(recipient)}/close", dict(body), idempotency_key, retry_of),
        )

    def send_micro_deposits(
        self,
        recipient: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.SendMicroDepositsBody],
    ) -> models.MicroDepositsResult:
        """Send micro-deposits.

        Needs the scope `recipients:write`.
        """
        return cast(
            "models.MicroDepositsResult",
            self._command(
                f"/v1/recipients/{part(recipient)}/micro-deposits", dict(body), idempotency_key, retry_of
            ),
        )

    def prove_micro_deposits(
        self,
        recipient: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ProveMicroDepositsBody],
    ) -> models.MicroDepositsToldResult:
        """Tell the amounts of micro-deposits.

        Needs the scope `recipients:write`.
        """
        return cast(
            "models.MicroDepositsToldResult",
            self._command(
                f"/v1/recipients/{part(recipient)}/micro-deposits/prove",
                dict(body),
                idempotency_key,
                retry_of,
            ),
        )

    def reset_recipient_verification(
        self,
        recipient: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ResetRecipientVerificationBody],
    ) -> models.RecipientVerificationResetResult:
        """Reset the verification of a recipient.

        Needs the scope `platform:write`.
        """
        return cast(
            "models.RecipientVerificationResetResult",
            self._command(
                f"/v1/recipients/{part(recipient)}/reset-verification", dict(body), idempotency_key, retry_of
            ),
        )

    def update_recipient(
        self,
        recipient: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.UpdateRecipientBody],
    ) -> models.RecipientUpdatedResult:
        """Change a recipient.

        Needs the scope `recipients:write`.
        """
        return cast(
            "models.RecipientUpdatedResult",
            self._command(f"/v1/recipients/{part(recipient)}/update", dict(body), idempotency_key, retry_of),
        )

    def verify_recipient(
        self,
        recipient: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.VerifyRecipientBody],
    ) -> models.RecipientVerificationResult:
        """Verify a recipient.

        Needs the scope `recipients:write`.
        """
        return cast(
            "models.RecipientVerificationResult",
            self._command(f"/v1/recipients/{part(recipient)}/verify", dict(body), idempotency_key, retry_of),
        )

    def list_requests(self, **query: Unpack[ListRequestsQuery]) -> Page[models.LoggedRequestOutput]:
        """The log of requests of the last 90 days.

        Needs the scope `keys:read`.
        """
        return self._page("/v1/requests", dict(query))

    def get_request(self, id: str) -> models.LoggedRequestOutput:
        """One request.

        Needs the scope `keys:read`.
        """
        return cast(models.LoggedRequestOutput, self.request("GET", f"/v1/requests/{part(id)}", query={}))

    def list_rolling_reserves(
        self, **query: Unpack[ListRollingReservesQuery]
    ) -> Page[models.RollingReserveOutput]:
        """Rolling reserves.

        Money of a wallet that is kept back for some days, and then available by itself. Needs the scope
        `wallets:read`.
        """
        return self._page("/v1/rolling-reserves", dict(query))

    def get_rolling_reserve(self, id: str) -> models.RollingReserveOutput:
        """One rolling reserve.

        Needs the scope `wallets:read`.
        """
        return cast(
            models.RollingReserveOutput, self.request("GET", f"/v1/rolling-reserves/{part(id)}", query={})
        )

    def create_sell(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.SaleBody],
    ) -> models.AskedResult:
        """Sell an investment.

        Needs the scope `transfers:write`.
        """
        return cast("models.AskedResult", self._command("/v1/sells", dict(body), idempotency_key, retry_of))

    def start_strategy(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.StrategyBody],
    ) -> models.AskedResult:
        """Start a strategy.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.AskedResult", self._command("/v1/strategies", dict(body), idempotency_key, retry_of)
        )

    def stop_strategy(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.StrategyBody],
    ) -> models.AskedResult:
        """Stop a strategy.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.AskedResult", self._command("/v1/strategies/stop", dict(body), idempotency_key, retry_of)
        )

    def list_sweep_executions(
        self, **query: Unpack[ListSweepExecutionsQuery]
    ) -> Page[models.SweepExecutionOutput]:
        """What came of each due time of a sweep rule.

        Needs the scope `platform:read`.
        """
        return self._page("/v1/sweep-executions", dict(query))

    def get_sweep_execution(self, id: str) -> models.SweepExecutionOutput:
        """One sweep execution.

        Needs the scope `platform:read`.
        """
        return cast(
            models.SweepExecutionOutput, self.request("GET", f"/v1/sweep-executions/{part(id)}", query={})
        )

    def list_sweep_instructions(
        self, **query: Unpack[ListSweepInstructionsQuery]
    ) -> Page[models.SweepInstructionOutput]:
        """Money that people move for sweep rules.

        Needs the scope `platform:read`.
        """
        return self._page("/v1/sweep-instructions", dict(query))

    def get_sweep_instruction(self, id: str) -> models.SweepInstructionOutput:
        """One sweep instruction.

        Needs the scope `platform:read`.
        """
        return cast(
            models.SweepInstructionOutput, self.request("GET", f"/v1/sweep-instructions/{part(id)}", query={})
        )

    def list_sweep_rules(self, **query: Unpack[ListSweepRulesQuery]) -> Page[models.SweepRuleOutput]:
        """Sweep rules.

        Every version of every rule that keeps an account of ours between a floor and a target. Needs the
        scope `platform:read`.
        """
        return self._page("/v1/sweep-rules", dict(query))

    def get_sweep_rule(self, id: str) -> models.SweepRuleOutput:
        """One sweep rule.

        Needs the scope `platform:read`.
        """
        return cast(models.SweepRuleOutput, self.request("GET", f"/v1/sweep-rules/{part(id)}", query={}))

    def list_team_invitations(
        self, **query: Unpack[ListTeamInvitationsQuery]
    ) -> Page[models.InvitationOutput]:
        """Invitations into the team.

        Needs the scope `team:read`.
        """
        return self._page("/v1/team/invitations", dict(query))

    def invite_member(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.InviteMemberBody],
    ) -> models.MemberInvitedResult:
        """Invite somebody into a team.

        Needs the scope `team:write`.
        """
        return cast(
            "models.MemberInvitedResult",
            self._command("/v1/team/invitations", dict(body), idempotency_key, retry_of),
        )

    def get_team_invitation(self, id: str) -> models.InvitationOutput:
        """One invitation.

        Needs the scope `team:read`.
        """
        return cast(
            models.InvitationOutput, self.request("GET", f"/v1/team/invitations/{part(id)}", query={})
        )

    def revoke_invitation(
        self,
        invitation: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RevokeInvitationBody],
    ) -> models.InvitationRevokedResult:
        """Revoke an invitation.

        Needs the scope `team:write`.
        """
        return cast(
            "models.InvitationRevokedResult",
            self._command(
                f"/v1/team/invitations/{part(invitation)}/revoke", dict(body), idempotency_key, retry_of
            ),
        )

    def list_team_members(self, **query: Unpack[ListTeamMembersQuery]) -> Page[models.MemberOutput]:
        """The team.

        Of a live tenant; its test tenant has the same team, and lists none of its own. Needs the scope
        `team:read`.
        """
        return self._page("/v1/team/members", dict(query))

    def get_team_member(self, id: str) -> models.MemberOutput:
        """One member.

        Needs the scope `team:read`.
        """
        return cast(models.MemberOutput, self.request("GET", f"/v1/team/members/{part(id)}", query={}))

    def remove_member(
        self,
        user: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RemoveMemberBody],
    ) -> models.MemberRemovedResult:
        """Remove a member from a team.

        Needs the scope `team:write`.
        """
        return cast(
            "models.MemberRemovedResult",
            self._command(f"/v1/team/members/{part(user)}/remove", dict(body), idempotency_key, retry_of),
        )

    def change_member_role(
        self,
        user: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ChangeMemberRoleBody],
    ) -> models.MemberRoleResult:
        """Change a member's role.

        Needs the scope `team:write`.
        """
        return cast(
            "models.MemberRoleResult",
            self._command(f"/v1/team/members/{part(user)}/role", dict(body), idempotency_key, retry_of),
        )

    def get_own_tenant(self) -> models.TenantOutput:
        """The tenant whose key it is.

        Needs the scope `tenant:read`.
        """
        return cast(models.TenantOutput, self.request("GET", "/v1/tenant", query={}))

    def list_tenants(self, **query: Unpack[ListTenantsQuery]) -> Page[models.TenantOutput]:
        """All tenants.

        Needs the scope `platform:read`.
        """
        return self._page("/v1/tenants", dict(query))

    def create_tenant(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateTenantBody],
    ) -> models.TenantCreatedResult:
        """Create a tenant.

        Needs the scope `platform:write`.
        """
        return cast(
            "models.TenantCreatedResult", self._command("/v1/tenants", dict(body), idempotency_key, retry_of)
        )

    def get_tenant(self, id: str) -> models.TenantOutput:
        """One tenant.

        Needs the scope `platform:read`.
        """
        return cast(models.TenantOutput, self.request("GET", f"/v1/tenants/{part(id)}", query={}))

    def close_tenant(
        self,
        tenant: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.TenantReasonBody],
    ) -> models.TenantStatusResult:
        """Close a tenant.

        Needs the scope `platform:write`.
        """
        return cast(
            "models.TenantStatusResult",
            self._command(f"/v1/tenants/{part(tenant)}/close", dict(body), idempotency_key, retry_of),
        )

    def resume_tenant(
        self,
        tenant: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.TenantReasonBody],
    ) -> models.TenantStatusResult:
        """Resume a tenant.

        Needs the scope `platform:write`.
        """
        return cast(
            "models.TenantStatusResult",
            self._command(f"/v1/tenants/{part(tenant)}/resume", dict(body), idempotency_key, retry_of),
        )

    def suspend_tenant(
        self,
        tenant: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.TenantReasonBody],
    ) -> models.TenantStatusResult:
        """Suspend a tenant.

        Needs the scope `platform:write`.
        """
        return cast(
            "models.TenantStatusResult",
            self._command(f"/v1/tenants/{part(tenant)}/suspend", dict(body), idempotency_key, retry_of),
        )

    def update_tenant(
        self,
        tenant: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.UpdateTenantBody],
    ) -> models.TenantUpdatedResult:
        """Change a tenant's profile and settings.

        Needs the scope `platform:write`.
        """
        return cast(
            "models.TenantUpdatedResult",
            self._command(f"/v1/tenants/{part(tenant)}/update", dict(body), idempotency_key, retry_of),
        )

    def list_transfers(self, **query: Unpack[ListTransfersQuery]) -> Page[models.TransferOutput]:
        """Transfers, also those that another tenant made to yours.

        Of another tenant's, its reference, notes and operation are left out. Needs the scope
        `transfers:read`.
        """
        return self._page("/v1/transfers", dict(query))

    def create_transfer(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateTransferBody],
    ) -> models.TransferCreatedResult:
        """Transfer between wallets.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.TransferCreatedResult",
            self._command("/v1/transfers", dict(body), idempotency_key, retry_of),
        )

    def get_transfer(self, id: str) -> models.TransferOutput:
        """One transfer.

        Needs the scope `transfers:read`.
        """
        return cast(models.TransferOutput, self.request("GET", f"/v1/transfers/{part(id)}", query={}))

    def get_transfer_compensation_report(self, id: str) -> bytes:
        """The compensation report of a transfer as PDF: what was asked for, what went wrong, what was given back, what to do.

        Needs the scope `transfers:read`.
        """
        return cast(bytes, self.request("GET", f"/v1/transfers/{part(id)}/compensation-report", query={}))

    def get_transfer_proof_of_payment(self, id: str) -> bytes:
        """The proof of a payout as PDF: who paid whom how much, when, through whom, and the journal entry that says so.

        Needs the scope `transfers:read`.
        """
        return cast(bytes, self.request("GET", f"/v1/transfers/{part(id)}/proof-of-payment", query={}))

    def cancel_transfer(
        self,
        transfer: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CancelTransferBody],
    ) -> models.StoppedResult:
        """Cancel a transfer.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.StoppedResult",
            self._command(f"/v1/transfers/{part(transfer)}/cancel", dict(body), idempotency_key, retry_of),
        )

    def confirm_transfer(
        self,
        transfer: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.TransferBody],
    ) -> models.AskedResult:
        """Confirm the price of a transfer.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.AskedResult",
            self._command(f"/v1/transfers/{part(transfer)}/confirm", dict(body), idempotency_key, retry_of),
        )

    def request_recall(
        self,
        transfer: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RequestRecallBody],
    ) -> models.InquiryResult:
        """Ask for the money of a payout back.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.InquiryResult",
            self._command(f"/v1/transfers/{part(transfer)}/recall", dict(body), idempotency_key, retry_of),
        )

    def create_refund(
        self,
        transfer: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RefundBody],
    ) -> models.AskedResult:
        """Refund a pay-in.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.AskedResult",
            self._command(f"/v1/transfers/{part(transfer)}/refund", dict(body), idempotency_key, retry_of),
        )

    def request_trace(
        self,
        transfer: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RequestTraceBody],
    ) -> models.InquiryResult:
        """Ask where a payment is.

        Needs the scope `transfers:write`.
        """
        return cast(
            "models.InquiryResult",
            self._command(f"/v1/transfers/{part(transfer)}/trace", dict(body), idempotency_key, retry_of),
        )

    def list_virtual_accounts(
        self, **query: Unpack[ListVirtualAccountsQuery]
    ) -> Page[models.VirtualAccountOutput]:
        """Virtual accounts.

        Needs the scope `wallets:read`.
        """
        return self._page("/v1/virtual-accounts", dict(query))

    def request_virtual_account(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RequestVirtualAccountBody],
    ) -> models.VirtualAccountResult:
        """Ask for a virtual account.

        Needs the scope `wallets:write`.
        """
        return cast(
            "models.VirtualAccountResult",
            self._command("/v1/virtual-accounts", dict(body), idempotency_key, retry_of),
        )

    def get_virtual_account(self, id: str) -> models.VirtualAccountOutput:
        """One virtual account.

        Needs the scope `wallets:read`.
        """
        return cast(
            models.VirtualAccountOutput, self.request("GET", f"/v1/virtual-accounts/{part(id)}", query={})
        )

    def list_wallets(self, **query: Unpack[ListWalletsQuery]) -> Page[models.WalletOutput]:
        """Wallets.

        Needs the scope `wallets:read`.
        """
        return self._page("/v1/wallets", dict(query))

    def create_wallet(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateWalletBody],
    ) -> models.WalletCreatedResult:
        """Create a wallet.

        Needs the scope `wallets:write`.
        """
        return cast(
            "models.WalletCreatedResult", self._command("/v1/wallets", dict(body), idempotency_key, retry_of)
        )

    def get_wallet(self, id: str) -> models.WalletOutput:
        """One wallet.

        Needs the scope `wallets:read`.
        """
        return cast(models.WalletOutput, self.request("GET", f"/v1/wallets/{part(id)}", query={}))

    def get_wallet_balances(
        self, id: str, **query: Unpack[GetWalletBalancesQuery]
    ) -> models.WalletBalancesOutput:
        """What is in a wallet: available, held, owed, and what is left of it all.

        Needs the scope `wallets:read`.
        """
        return cast(
            models.WalletBalancesOutput,
            self.request("GET", f"/v1/wallets/{part(id)}/balances", query=dict(query)),
        )

    def get_wallet_statement(
        self, id: str, **query: Unpack[GetWalletStatementQuery]
    ) -> models.StatementOutput:
        """The statement of a wallet, line by line.

        Needs the scope `wallets:read`.
        """
        return cast(
            models.StatementOutput,
            self.request("GET", f"/v1/wallets/{part(id)}/statement", query=dict(query)),
        )

    def close_wallet(
        self,
        wallet: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CloseWalletBody],
    ) -> models.WalletClosedResult:
        """Close a wallet.

        Needs the scope `wallets:write`.
        """
        return cast(
            "models.WalletClosedResult",
            self._command(f"/v1/wallets/{part(wallet)}/close", dict(body), idempotency_key, retry_of),
        )

    def update_wallet(
        self,
        wallet: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.UpdateWalletBody],
    ) -> models.WalletUpdatedResult:
        """Change a wallet.

        Needs the scope `wallets:write`.
        """
        return cast(
            "models.WalletUpdatedResult",
            self._command(f"/v1/wallets/{part(wallet)}/update", dict(body), idempotency_key, retry_of),
        )

    def list_webhook_attempts(
        self, **query: Unpack[ListWebhookAttemptsQuery]
    ) -> Page[models.WebhookAttemptOutput]:
        """Attempts at webhook deliveries.

        Each time that something was sent, with what was answered. Written once, and sealed. Needs the scope
        `webhooks:read`.
        """
        return self._page("/v1/webhook-attempts", dict(query))

    def get_webhook_attempt(self, id: str) -> models.WebhookAttemptOutput:
        """One webhook attempt.

        Needs the scope `webhooks:read`.
        """
        return cast(
            models.WebhookAttemptOutput, self.request("GET", f"/v1/webhook-attempts/{part(id)}", query={})
        )

    def list_webhook_deliveries(
        self, **query: Unpack[ListWebhookDeliveriesQuery]
    ) -> Page[models.WebhookDeliveryOutput]:
        """Webhook deliveries.

        What was sent, is sent, and was not accepted; newest first. Needs the scope `webhooks:read`.
        """
        return self._page("/v1/webhook-deliveries", dict(query))

    def retry_delivery(
        self,
        delivery: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RetryDeliveryBody],
    ) -> models.RetriedResult:
        """Send a webhook again.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.RetriedResult",
            self._command(
                f"/v1/webhook-deliveries/{part(delivery)}/retry", dict(body), idempotency_key, retry_of
            ),
        )

    def get_webhook_delivery(self, id: str) -> models.WebhookDeliveryOutput:
        """One webhook delivery.

        Needs the scope `webhooks:read`.
        """
        return cast(
            models.WebhookDeliveryOutput, self.request("GET", f"/v1/webhook-deliveries/{part(id)}", query={})
        )

    def retry_deliveries(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RetryDeliveriesBody],
    ) -> models.RetriedResult:
        """Send webhooks again.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.RetriedResult",
            self._command("/v1/webhook-deliveries/retry", dict(body), idempotency_key, retry_of),
        )

    def list_webhook_endpoints(
        self, **query: Unpack[ListWebhookEndpointsQuery]
    ) -> Page[models.WebhookEndpointOutput]:
        """Webhook endpoints.

        Needs the scope `webhooks:read`.
        """
        return self._page("/v1/webhook-endpoints", dict(query))

    def create_endpoint(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.CreateEndpointBody],
    ) -> models.EndpointCreatedResult:
        """Create a webhook endpoint.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.EndpointCreatedResult",
            self._command("/v1/webhook-endpoints", dict(body), idempotency_key, retry_of),
        )

    def disable_endpoint(
        self,
        endpoint: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.EndpointAndReasonBody],
    ) -> models.EndpointResult:
        """Disable a webhook endpoint.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.EndpointResult",
            self._command(
                f"/v1/webhook-endpoints/{part(endpoint)}/disable", dict(body), idempotency_key, retry_of
            ),
        )

    def enable_endpoint(
        self,
        endpoint: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.EndpointBody],
    ) -> models.EndpointResult:
        """Enable a webhook endpoint again.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.EndpointResult",
            self._command(
                f"/v1/webhook-endpoints/{part(endpoint)}/enable", dict(body), idempotency_key, retry_of
            ),
        )

    def remove_endpoint(
        self,
        endpoint: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.EndpointAndReasonBody],
    ) -> models.EndpointResult:
        """Remove a webhook endpoint.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.EndpointResult",
            self._command(
                f"/v1/webhook-endpoints/{part(endpoint)}/remove", dict(body), idempotency_key, retry_of
            ),
        )

    def replay_range(
        self,
        endpoint: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.ReplayRangeBody],
    ) -> models.ReplayResult:
        """Send a range of events again.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.ReplayResult",
            self._command(
                f"/v1/webhook-endpoints/{part(endpoint)}/replay", dict(body), idempotency_key, retry_of
            ),
        )

    def rotate_secret(
        self,
        endpoint: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RotateSecretBody],
    ) -> models.SecretRotatedResult:
        """Rotate the secret of a webhook endpoint.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.SecretRotatedResult",
            self._command(
                f"/v1/webhook-endpoints/{part(endpoint)}/rotate-secret", dict(body), idempotency_key, retry_of
            ),
        )

    def send_test(
        self,
        endpoint: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.EndpointBody],
    ) -> models.SentResult:
        """Send a test webhook.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.SentResult",
            self._command(
                f"/v1/webhook-endpoints/{part(endpoint)}/test", dict(body), idempotency_key, retry_of
            ),
        )

    def update_endpoint(
        self,
        endpoint: str,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.UpdateEndpointBody],
    ) -> models.EndpointResult:
        """Change a webhook endpoint.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.EndpointResult",
            self._command(
                f"/v1/webhook-endpoints/{part(endpoint)}/update", dict(body), idempotency_key, retry_of
            ),
        )

    def get_webhook_endpoint(self, id: str) -> models.WebhookEndpointOutput:
        """One webhook endpoint.

        Needs the scope `webhooks:read`.
        """
        return cast(
            models.WebhookEndpointOutput, self.request("GET", f"/v1/webhook-endpoints/{part(id)}", query={})
        )

    def list_webhook_replays(
        self, **query: Unpack[ListWebhookReplaysQuery]
    ) -> Page[models.WebhookReplayOutput]:
        """Ranges of events that are sent again.

        Needs the scope `webhooks:read`.
        """
        return self._page("/v1/webhook-replays", dict(query))

    def get_webhook_replay(self, id: str) -> models.WebhookReplayOutput:
        """One webhook replay.

        Needs the scope `webhooks:read`.
        """
        return cast(
            models.WebhookReplayOutput, self.request("GET", f"/v1/webhook-replays/{part(id)}", query={})
        )

    def list_webhook_signing_keys(
        self, **query: Unpack[ListWebhookSigningKeysQuery]
    ) -> Page[models.WebhookSigningKeyOutput]:
        """Public keys that verify webhooks.

        Needs the scope `webhooks:read`.
        """
        return self._page("/v1/webhook-signing-keys", dict(query))

    def get_webhook_signing_key(self, id: str) -> models.WebhookSigningKeyOutput:
        """One webhook signing key.

        Needs the scope `webhooks:read`.
        """
        return cast(
            models.WebhookSigningKeyOutput,
            self.request("GET", f"/v1/webhook-signing-keys/{part(id)}", query={}),
        )

    def rotate_signing_key(
        self,
        *,
        idempotency_key: str | None = None,
        retry_of: str | None = None,
        **body: Unpack[models.RotateSigningKeyBody],
    ) -> models.SigningKeyRotatedResult:
        """Rotate the key that signs a tenant's webhooks.

        Needs the scope `webhooks:write`.
        """
        return cast(
            "models.SigningKeyRotatedResult",
            self._command("/v1/webhook-signing-keys/rotate", dict(body), idempotency_key, retry_of),
        )
