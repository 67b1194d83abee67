"""What only a test or a demonstration may ask: money from nowhere, faults, the truth."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from apps.providers.sandbox import faults
from apps.providers.sandbox.desk_api import desk_of
from apps.providers.sandbox.desks import DESKS
from apps.providers.sandbox.errors import wrong
from apps.providers.sandbox.http import answer, body, fields, guarded
from apps.providers.sandbox.instants import span
from apps.providers.sandbox.sandbox import Sandbox
from apps.providers.sandbox.truth import lines

PATIENCE = 10
"""Seconds that settling waits unless it is told."""


class Control:
    """The routes of control."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self, key: str) -> list[Route]:
        """All routes, for those who hold the key."""
        return [
            Route(f"/control/{path}", guarded(handler, key), methods=[method])
            for method, path, handler in (
                ("GET", "settings", self.settings),
                ("PUT", "settings", self.set),
                ("POST", "accounts/{desk}/{currency}/fund", self.fund),
                ("POST", "deposits", self.deposit),
                ("POST", "chargebacks", self.charge_back),
                ("POST", "orders/{desk}/{reference:path}/return", self.give_back),
                ("POST", "orders/{desk}/{reference:path}/debit", self.debit_again),
                ("POST", "orders/{desk}/{reference:path}/execute", self.execute),
                ("POST", "faults", self.fault),
                ("DELETE", "faults", self.no_faults),
                ("PUT", "chaos", self.chaos),
                ("DELETE", "chaos", self.no_chaos),
                ("PUT", "payees", self.payee),
                ("PUT", "down", self.down),
                ("DELETE", "down", self.up),
                ("POST", "settle", self.settle),
                ("GET", "truth", self.truth),
                ("POST", "reset", self.reset),
            )
        ]

    async def _answer(self, found: object, status: int = 200) -> Response:
        await self._sandbox.store.committed()
        return answer(found, status)

    async def _keep_faults(self) -> Response:
        with self._sandbox.store.change():
            self._sandbox.faults.keep()
        return await self._answer({})

    async def settings(self, request: Request) -> Response:
        """The settings."""
        return answer(self._sandbox.settings.as_json())

    async def set(self, request: Request) -> Response:
        """Change settings; what is not given stays."""
        self._sandbox.set(await fields(request))
        return await self._answer(self._sandbox.settings.as_json())

    async def fund(self, request: Request) -> Response:
        """Add to an account of ours."""
        desk, currency = desk_of(request), request.path_params["currency"]
        self._sandbox.arrivals.fund(desk, currency, (await fields(request)).get("amount"))
        return await self._answer(self._sandbox.books.balances(desk))

    async def deposit(self, request: Request) -> Response:
        """Let a deposit arrive."""
        given = await fields(request)
        return await self._answer(self._sandbox.arrivals.deposit(_desk(given.get("desk")), given), 201)

    async def charge_back(self, request: Request) -> Response:
        """Take a deposit back."""
        given = await fields(request)
        made = self._sandbox.arrivals.charge_back(
            given.get("deposit"), given.get("amount"), given.get("reason")
        )
        return await self._answer(made, 201)

    async def payee(self, request: Request) -> Response:
        """Say whose an account is."""
        given = await fields(request)
        self._sandbox.payees.name(given.get("account"), given.get("name"))
        return await self._answer({})

    async def give_back(self, request: Request) -> Response:
        """Return an order after it was completed."""
        desk, given = desk_of(request), await fields(request)
        how = (given.get("amount"), given.get("code"))
        row = self._sandbox.execution.give_back(desk, request.path_params["reference"], *how)
        return await self._answer(self._sandbox.orders.told(row))

    async def debit_again(self, request: Request) -> Response:
        """Debit a payment of a file a second time."""
        row = self._sandbox.execution.debit_again(desk_of(request), request.path_params["reference"])
        return await self._answer(self._sandbox.orders.told(row))

    async def execute(self, request: Request) -> Response:
        """Execute an order now, whatever it waits for."""
        desk, outcome = desk_of(request), (await fields(request)).get("outcome") or "complete"
        row = self._sandbox.execution.order_to_execute(desk, request.path_params["reference"], str(outcome))
        return await self._answer(self._sandbox.orders.told(row))

    async def fault(self, request: Request) -> Response:
        """Add scripted faults after those that are there."""
        self._sandbox.faults.scripted.extend(faults.scripted(await body(request)))
        return await self._keep_faults()

    async def no_faults(self, request: Request) -> Response:
        """End scripted faults."""
        self._sandbox.faults.scripted.clear()
        return await self._keep_faults()

    async def chaos(self, request: Request) -> Response:
        """Begin seeded faults."""
        self._sandbox.faults.chaos = faults.chaos(await body(request))
        return await self._keep_faults()

    async def no_chaos(self, request: Request) -> Response:
        """End seeded faults."""
        self._sandbox.faults.chaos = {}
        return await self._keep_faults()

    async def down(self, request: Request) -> Response:
        """Take desks down: all of them if none is named."""
        given = await fields(request)
        how = given.get("how", "refuse")
        if how not in ("refuse", "hang", "503"):
            raise wrong("bad_fault", "A desk is down by refuse, hang or 503.")
        self._sandbox.faults.down |= {_desk(desk): how for desk in given.get("desks") or DESKS}
        return await self._keep_faults()

    async def up(self, request: Request) -> Response:
        """Bring all desks up."""
        self._sandbox.faults.down.clear()
        return await self._keep_faults()

    async def settle(self, request: Request) -> Response:
        """Wait until nothing is pending."""
        given = (await fields(request)).get("timeout", PATIENCE)
        try:
            timeout = span(given)
        except ValueError as error:
            raise wrong("bad_timeout", f"{error}.") from None
        left = await self._sandbox.settle(timeout)
        return answer({"settled": not any(left.values()), **left})

    async def truth(self, request: Request) -> Response:
        """Everything that truly happened, a JSON object on each line."""
        return StreamingResponse(lines(self._sandbox), media_type="application/x-ndjson")

    async def reset(self, request: Request) -> Response:
        """Forget everything."""
        await self._sandbox.reset()
        return await self._answer({})


def _desk(name: object) -> str:
    if name not in DESKS:
        raise wrong("unknown_desk", f"There are the desks {', '.join(DESKS)}.")
    return str(name)
