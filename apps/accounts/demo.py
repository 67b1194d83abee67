"""A small tenant to look at: customers with wallets, recipients, a few months of movements. Through the door like everything."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from apps.accounts.people import SETUP
from apps.operations.executor import execute_many
from apps.operations.models import Book
from apps.operations.plan import Request
from apps.operations.run import Outcome

SLUG = "demo"
CUSTOMERS = ("Amara Obi", "Bo Lindqvist", "Chidi Eze", "Dana Petrova")
DAYS = 60
RECIPIENTS: Sequence[Mapping[str, object]] = (
    {
        "kind": "bank_account",
        "name": "Hansa Hausverwaltung GmbH",
        "currency": "EUR",
        "details": {"iban": "DE89370400440532013000"},
        "external_id": "landlord",
    },
    {
        "kind": "bank_account",
        "name": "Maria Gruber",
        "currency": "EUR",
        "details": {"iban": "AT611904300234573201"},
        "external_id": "maria",
    },
    {
        "kind": "bank_account",
        "name": "Brooklyn Print Works",
        "currency": "USD",
        "country": "US",
        "details": {"account_number": "000123456789", "bank_code": "021000021"},
        "external_id": "printer",
    },
    {
        "kind": "crypto_address",
        "name": "Chidi's cold wallet",
        "currency": "USDC",
        "details": {"network": "ETH", "address": "0xd8da6bf26964af9d7eed9e03e53415d37aa96045"},
        "external_id": "cold",
    },
)
"""Whom the tenant pays; the account numbers are the examples of the IBAN registry."""

PAID = 2
"""Of them, whom the demo pays: the printer."""


def make(now: datetime) -> bool:
    """Make the demo unless it is there; answers whether it was made now."""
    if Book.objects.filter(slug=SLUG).exists():
        return False
    tenant = {"name": "Demo Pay", "slug": SLUG, "base_currency": "EUR", "time_zone": "Europe/Berlin"}
    [made] = _run([_request("accounts.create_tenant", "tenant", tenant)])
    _run([_account("bank:ing", "Settlement account at ING"), _account("revenue:fees", "Fees earned")])
    wallets = _wallets(made.result["tenant"])
    recipients = [outcome.result["recipient"] for outcome in _run(_recipients(made.result["tenant"]))]
    _run(_movements(now, wallets))
    _run(_transfers(wallets))
    if settings.SANDBOX_URL:
        _pay_out(made.result["tenant"], recipients[PAID])
    return True


def _run(requests: Sequence[Request]) -> list[Outcome]:
    return [outcome.or_raise() for outcome in execute_many(requests)]


def _request(command: str, key: str, data: Mapping[str, object]) -> Request:
    return Request(command, data, f"demo:{key}", SETUP, origin="setup")


def _account(address: str, name: str) -> Request:
    data = {"book": SLUG, "address": address, "currency": "EUR", "name": name}
    return _request("ledger.open_account", f"open:{address}", data)


def _wallets(tenant: str) -> list[str]:
    """A customer and a wallet for each name; the ids of the wallets."""
    people = _run(
        [
            _request(
                "accounts.create_customer",
                f"customer:{name}",
                {"tenant": tenant, "kind": "person", "name": name, "external_id": name.split()[0].lower()},
            )
            for name in CUSTOMERS
        ]
    )
    wallets = _run(
        [
            _request(
                "accounts.create_wallet",
                f"wallet:{name}",
                {
                    "customer": person.result["customer"],
                    "currency": "EUR",
                    "name": f"{name.split()[0]}'s wallet",
                    "external_id": name.split()[0].lower(),
                },
            )
            for name, person in zip(CUSTOMERS, people, strict=True)
        ]
    )
    return [wallet.result["wallet"] for wallet in wallets]


def _recipients(tenant: str) -> list[Request]:
    return [
        _request("accounts.create_recipient", f"recipient:{each['external_id']}", {"tenant": tenant, **each})
        for each in RECIPIENTS
    ]


def _pay_out(tenant: str, recipient: str) -> None:
    """Two payouts in dollars, which need no rate to be below the threshold of approvals: the workers send them."""
    dollars = {"tenant": tenant, "currency": "USD", "name": "Operating dollars", "external_id": "dollars"}
    [wallet] = _run([_request("accounts.create_wallet", "wallet:dollars", dollars)])
    bank = {"book": SLUG, "address": "bank:ing", "currency": "USD", "name": "Dollar account at ING"}
    _run([_request("ledger.open_account", "open:dollars", bank)])
    to = {"wallet": wallet.result["wallet"]}
    arrived = {**to, "from_account": "bank:ing", "amount": {"amount": "5000.00", "currency": "USD"}}
    _run([_request("transfers.post_pay_in", "pay-in:dollars", arrived)])
    payouts = [("invoice 2211", "1250.00"), ("invoice 2214", "480.50")]
    _run(
        [
            _request(
                "transfers.create_payout",
                f"payout:{reference}",
                {
                    **to,
                    "recipient": recipient,
                    "reference": reference,
                    "amount": {"amount": amount, "currency": "USD"},
                },
            )
            for reference, amount in payouts
        ]
    )


def _transfers(wallets: Sequence[str]) -> list[Request]:
    """What happened today: a pay-in, a transfer, and money held for an order."""
    amara, bo, chidi, _ = wallets
    moves = [
        (
            "transfers.post_pay_in",
            {"wallet": amara, "from_account": "bank:ing", "reference": "salary"},
            "410.00",
        ),
        ("transfers.create_transfer", {"from_wallet": amara, "to_wallet": bo, "reference": "rent"}, "180.00"),
        ("transfers.place_hold", {"wallet": chidi, "reason": "Order 1042"}, "75.00"),
    ]
    return [
        _request(command, command, {**data, "amount": {"amount": amount, "currency": "EUR"}})
        for command, data, amount in moves
    ]


def _movements(now: datetime, wallets: Sequence[str]) -> list[Request]:
    """Each wallet is paid in every ten days, pays the next one, and pays a fee: the same for everyone, always."""
    start = now - timedelta(days=DAYS)
    moves: list[tuple[str, datetime, str, dict[str, str]]] = []
    for day in range(0, DAYS, 2):
        turn = day // 2 % len(wallets)
        wallet, other = (f"wallet:{wallets[each % len(wallets)]}:available" for each in (turn, turn + 1))
        at, later = start + timedelta(days=day), start + timedelta(days=day, hours=5)
        moves += [
            ("pay_in", at, f"{240 + day * 7}.00", {"source": "bank:ing", "wallet": wallet}),
            ("internal_transfer", later, f"{35 + day}.50", {"from": wallet, "to": other}),
            ("fee_charge", later, "0.35", {"wallet": wallet}),
        ]
    return [
        _request(
            "ledger.import_template_entry",
            f"move:{index}",
            {
                "book": SLUG,
                "reference": f"demo:{index}",
                "template": template,
                "variables": {"amount": {"amount": amount, "currency": "EUR"}, **accounts},
                "effective_at": at.isoformat(),
            },
        )
        for index, (template, at, amount, accounts) in enumerate(moves)
    ]
