"""A small tenant to look at: a handful of wallets, a few months of movements. Through the door like everything."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from apps.accounts.people import SETUP
from apps.operations.executor import execute_many
from apps.operations.models import Book
from apps.operations.plan import Request

SLUG = "demo"
WALLETS = ("amara", "bo", "chidi", "dana")
DAYS = 60


def make(now: datetime) -> bool:
    """Make the demo unless it is there; answers whether it was made now."""
    if Book.objects.filter(slug=SLUG).exists():
        return False
    tenant = {"name": "Demo Pay", "slug": SLUG, "base_currency": "EUR", "time_zone": "Europe/Berlin"}
    for requests in ([_request("accounts.create_tenant", "tenant", tenant)], _accounts(), _movements(now)):
        for outcome in execute_many(requests):
            outcome.or_raise()
    return True


def _request(command: str, key: str, data: Mapping[str, object]) -> Request:
    return Request(command, data, f"demo:{key}", SETUP, origin="setup")


def _accounts() -> list[Request]:
    wallets = [(f"wallet:{name}:available", f"{name.title()}'s wallet", "0") for name in WALLETS]
    rest = [("bank:ing", "Settlement account at ING", None), ("revenue:fees", "Fees earned", None)]
    return [
        _request(
            "ledger.open_account",
            f"open:{address}",
            {"book": SLUG, "address": address, "currency": "EUR", "name": name, "floor": floor},
        )
        for address, name, floor in [*wallets, *rest]
    ]


def _movements(now: datetime) -> list[Request]:
    """Each wallet is paid in every ten days, pays the next one, and pays a fee: the same for everyone, always."""
    start = now - timedelta(days=DAYS)
    moves: list[tuple[str, datetime, str, dict[str, str]]] = []
    for day in range(0, DAYS, 2):
        name = WALLETS[day // 2 % len(WALLETS)]
        friend = WALLETS[(day // 2 + 1) % len(WALLETS)]
        wallet, other = f"wallet:{name}:available", f"wallet:{friend}:available"
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
