"""A tenant with funded wallets and a key, made by command in a database of its own."""

from dataclasses import dataclass
from typing import Any

from script.benches.instruments.database import Server, migrate

WALLETS, FUNDS = 1_000, "1000000.00"


@dataclass(frozen=True, slots=True)
class World:
    """What callers need to know."""

    url: str
    key: str
    wallets: list[str]


def world(server: Server) -> World:
    """A new database with the tenant in it."""
    name = server.named("api")
    server.create(name)
    url = server.url_of(name)
    migrate(url)
    with server.connect(name) as connection:
        connection.execute(
            "CREATE TABLE bench_bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, amount numeric, currency text);"
            " GRANT ALL ON bench_bare TO countinghouse_app"
        )
    key, wallets = _tenant()
    with server.connect(name) as connection:
        connection.execute("VACUUM ANALYZE")
    return World(url, key, wallets)


def _tenant() -> tuple[str, list[str]]:
    from apps.accounts.models import Tenant

    made = done("accounts.create_tenant", name="Bench", slug="bench", base_currency="EUR")
    test = made["test_tenant"]
    Tenant.objects.filter(pk=test).update(requests_per_minute=100_000_000)
    key = done(
        "accounts.create_api_key",
        tenant=test,
        name="bench",
        scopes=["transfers:write", "recipients:write", "wallets:read", "transfers:read", "operations:read"],
    )
    wallets = _all("accounts.create_wallet", [{"tenant": test, "currency": "EUR"}] * WALLETS)
    found = [each["wallet"] for each in wallets]
    amount = {"amount": FUNDS, "currency": "EUR"}
    _all("transfers.post_pay_in", [{"wallet": wallet, "amount": amount} for wallet in found])
    return key["secret"], found


def done(command: str, **data: Any) -> Any:
    return _all(command, [data])[0]


def _all(command: str, inputs: list[dict[str, Any]]) -> list[Any]:
    from apps.core import ids
    from apps.core.actor import Actor
    from apps.operations import registry
    from apps.operations.executor import execute_many
    from apps.operations.plan import Request

    everyone = Actor.system("bench", {each.permission for each in registry.all_commands()})
    requests = [Request(command, data, ids.new_id("k"), everyone, origin="bench") for data in inputs]
    return [outcome.or_raise().result for outcome in execute_many(requests)]
