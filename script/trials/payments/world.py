"""A tenant with wallets, recipients, a key and providers, made by command."""

from typing import Any

from apps.core import ids
from apps.core.actor import Actor
from apps.operations import registry
from apps.operations.executor import execute_many
from apps.operations.models import ApprovalPolicy
from apps.operations.plan import Request
from script.trials.payments.callers import World

WALLETS, FUNDS = {"EUR": 12, "USD": 6, "USDC": 6, "BTC": 4}, "5000.00"
COINS = {"USDC", "BTC"}
PROVIDERS = {
    "bank": ["payout", "refund"],
    "ramp": ["onramp", "offramp"],
    "exchange": ["buy", "sell", "bridge"],
    "custody": ["strategy_start", "strategy_stop"],
}


def world(sandbox: str) -> World:
    """The tenant of the trial. No policy holds its payouts back: nobody would be there to agree."""
    ApprovalPolicy.objects.update(status="retired")
    made = _done("accounts.create_tenant", name="Trial", slug="trial", base_currency="EUR")
    tenant = made["tenant"]
    for desk, kinds in PROVIDERS.items():
        _done(
            "providers.set_provider",
            name=f"sandbox-{desk}",
            title=desk,
            base_url=sandbox,
            secret="sandbox",
            webhook_secret="trial",
            options={"desk": desk, "answer_seconds": 2, "virtual_accounts": desk == "bank"},
            kinds=kinds,
            expected_seconds=2,
        )
    for currency in ("EUR", "USD"):
        _done("ledger.open_account", book="trial", address="bank:main", currency=currency)
    wallets = {code: [_wallet(tenant, code) for _ in range(count)] for code, count in WALLETS.items()}
    for wallet in wallets["EUR"]:
        _done("transfers.request_virtual_account", wallet=wallet)
    recipients = {code: _recipient(tenant, code) for code in ("EUR", "USD")}
    scopes = ["transfers:write", "transfers:read", "wallets:read"]
    key = _done("accounts.create_api_key", tenant=tenant, name="trial", scopes=scopes)
    ours = _done("accounts.create_operator_key", name="trial", scopes=["platform:write"])
    return World(key["secret"], ours["secret"], wallets, recipients)


def _wallet(tenant: str, currency: str) -> str:
    wallet = str(_done("accounts.create_wallet", tenant=tenant, currency=currency)["wallet"])
    if currency not in COINS:
        amount = {"amount": FUNDS, "currency": currency}
        _done("transfers.post_pay_in", wallet=wallet, amount=amount, from_account="bank:main")
    return wallet


def _recipient(tenant: str, currency: str) -> str:
    details = {"iban": "DE89370400440532013000"}
    given = {"kind": "bank_account", "name": "Bo Lind", "currency": currency, "details": details}
    return str(_done("accounts.create_recipient", tenant=tenant, **given)["recipient"])


def _done(command: str, **data: Any) -> Any:
    everyone = Actor.system("trial", {each.permission for each in registry.all_commands()})
    [outcome] = execute_many([Request(command, data, ids.new_id("k"), everyone, origin="trial")])
    return outcome.or_raise().result
