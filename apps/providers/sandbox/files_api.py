"""What a client of the desks for files may ask: give a file, and ask how it stands and what was told."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.providers.sandbox.desk_api import AFTER, BEFORE, DENIES, since_of
from apps.providers.sandbox.desks import FILE_DESKS
from apps.providers.sandbox.errors import Refused
from apps.providers.sandbox.faults import split
from apps.providers.sandbox.files import told
from apps.providers.sandbox.http import Cut, Silence, answer, guarded, number, refusal
from apps.providers.sandbox.instants import span
from apps.providers.sandbox.orders import reference_of
from apps.providers.sandbox.sandbox import Sandbox

LARGEST = 20_000_000


class FilesApi:
    """The routes of the desks that take files."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self, key: str) -> list[Route]:
        """All routes, for those who hold the key."""
        return [
            Route(f"/{desk}/{path}", guarded(handler, key), methods=[method], name=desk)
            for desk in FILE_DESKS
            for method, path, handler in (
                ("PUT", "files/{message_id}", self.take),
                ("GET", "files/{message_id}", self.stands),
                ("GET", "files", self.files),
                ("GET", "reports", self.reports),
                ("GET", "payments", self.payments),
            )
        ]

    async def take(self, request: Request) -> Response:
        """Take a file, or fail as a fault wants it."""
        desk, message_id = _desk(request), reference_of(request.path_params["message_id"])
        content = await request.body()
        if down := self._down(desk):
            return down
        if len(content) > LARGEST:
            raise Refused(413, "too_large", f"A file has at most {LARGEST} bytes.")
        known = self._sandbox.files.find(desk, message_id) is not None
        with self._sandbox.store.change():
            subject = {"desk": desk, "reference": message_id, "kind": "file"}
            fault = self._sandbox.faults.strike("submit", subject) or ""
        name, rest = split("" if known and fault in DENIES else fault)
        if name in BEFORE:
            await self._sandbox.store.committed()
            return BEFORE[name]()
        if name == "slow":
            await asyncio.sleep(span(rest) / 1000)
        row = self._sandbox.files.take(desk, message_id, content)
        await self._sandbox.store.committed()
        return AFTER[name]() if name in AFTER else answer(told(row), 201)

    async def stands(self, request: Request) -> Response:
        """How a file stands, or that it never came."""
        desk, message_id = _desk(request), request.path_params["message_id"]
        if down := self._down(desk):
            return down
        row = self._sandbox.files.find(desk, message_id)
        if row is None:
            raise Refused(404, "unknown_file", f"{message_id[:40]} never came.", bank="sandbox")
        return answer(told(row))

    async def files(self, request: Request) -> Response:
        """The files that were taken since an instant."""
        desk, since, after = _asked(request)
        return self._down(desk) or answer({"files": self._sandbox.files.files(desk, since, after)})

    async def reports(self, request: Request) -> Response:
        """What was told since an instant, for who may not have heard it."""
        desk, since, after = _asked(request)
        return self._down(desk) or answer({"reports": self._sandbox.files.reports(desk, since, after)})

    async def payments(self, request: Request) -> Response:
        """The payments that changed since an instant."""
        desk, since, after = _asked(request)
        return self._down(desk) or answer({"payments": self._sandbox.files.payments(desk, since, after)})

    def _down(self, desk: str) -> Response | None:
        how = self._sandbox.faults.down.get(desk)
        if how == "503":
            return refusal(Refused(503, "unavailable", f"{desk} is not available."))
        return (Silence() if how == "hang" else Cut()) if how else None


def _desk(request: Request) -> str:
    return request.url.path.split("/")[1]


def _asked(request: Request) -> tuple[str, int, int]:
    return _desk(request), since_of(request), number(request, "after", 0)
