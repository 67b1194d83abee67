"""A bank's channel for files over HTTP: a file is known by its message id and hash, and handed over once.

`PUT /files/<message id>` takes a file, `GET` says how it stands; see the README's "The channel of a bank".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from apps.core import clock
from apps.core.currencies import is_known
from apps.core.money import Money
from apps.providers.adapters.http import Http, ProviderSilent, Response
from apps.providers.formats.texts import id_of
from apps.providers.models import Provider
from apps.providers.protocol import Envelope, Outcome, Reply

PAGE = 100
PLAY = "sandbox"
"""What the channel of a bank that plays says of itself."""

OUTCOMES: Mapping[str, Outcome] = {
    "processing": Outcome.ACCEPTED,
    "completed": Outcome.COMPLETED,
    "failed": Outcome.FAILED,
    "cancelled": Outcome.CANCELLED,
    "returned": Outcome.RETURNED,
}


class Standing(StrEnum):
    """How a file stands at the bank. Of `silent` nothing is known."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNHEARD = "unheard"
    OTHER = "other"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Said:
    """What the channel says of a file, in its words."""

    standing: Standing
    words: str = ""


class Channel:
    """The channel of one provider."""

    def __init__(self, provider: Provider, *, answer_seconds: int) -> None:
        self._play = provider.is_play
        self._http = Http(
            provider.base_url, {"Authorization": f"Bearer {provider.secret}"}, answer_seconds=answer_seconds
        )

    @staticmethod
    def of(channel: "Channel | None") -> "Channel":
        """The channel, or ProviderSilent where there is none: then a person says what the bank did."""
        if channel is None:
            raise ProviderSilent(
                "The bank has no channel that says what it executed: take in its statements, then unlock by hand."
            )
        return channel

    def stands(self, message_id: str, sha256: str) -> Said:
        """Ask after a file by its message id."""
        answer = self._http.call("GET", f"/files/{message_id}")
        if self._play and not isinstance(answer, Reply) and answer.data.get("bank") != PLAY:
            return Said(Standing.SILENT, "This is no sandbox, and play money goes nowhere else.")
        return _said(answer, sha256)

    def hand_over(self, message_id: str, content: bytes, sha256: str) -> Said:
        """Give the bank a file. It takes a message id once, so the same bytes may be given again."""
        headers = {"Content-Type": "application/octet-stream", "Content-Sha256": sha256}
        answer = self._http.call("PUT", f"/files/{message_id}", content=content, headers=headers)
        return _said(answer, sha256)

    def balances(self) -> Mapping[str, Money]:
        """What we have there, by currency."""
        answer = self._http.call("GET", "/accounts")
        if isinstance(answer, Reply) or answer.status != 200:
            return {}
        told = answer.data.get("balances", {}).items()
        return {code: Money.parse(amount, code) for code, amount in told if is_known(code)}

    def reports_since(self, since: datetime) -> Iterator[Envelope]:
        """Every report and statement since, page by page, as it was delivered."""
        after = 0
        while page := self._page("reports", since, str(after)):
            yield from (Envelope({}, str(each["content"]).encode()) for each in page)
            after = page[-1]["number"]

    def files_since(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """Every file that the bank took since: `message_id`, `sha256`, `content`."""
        after = 0
        while page := self._page("files", since, str(after)):
            yield from page
            after = page[-1]["number"]

    def payments_since(self, since: datetime) -> Iterator[tuple[str, Reply]]:
        """Every payment that changed since, by our reference."""
        after = 0
        while page := self._page("payments", since, str(after)):
            yield from ((id_of(str(each["reference"])), _reply(each)) for each in page)
            after = page[-1]["number"]

    def _page(self, what: str, since: datetime, after: str) -> list[Mapping[str, Any]]:
        query = urlencode({"since": clock.written(since), "after": after, "limit": PAGE})
        answer = self._http.call("GET", f"/{what}?{query}")
        if isinstance(answer, Reply) or answer.status != 200 or what not in answer.data:
            raise ProviderSilent(f"The bank does not say which {what} there were; ask again later.")
        return list(answer.data[what])


def _said(answer: Response | Reply, sha256: str) -> Said:
    if isinstance(answer, Reply):
        return Said(Standing.SILENT, answer.message)
    code, words = str(answer.data.get("code") or ""), str(answer.data.get("message") or "")
    if answer.status == 404 and code == "unknown_file":
        return Said(Standing.UNHEARD, words)
    if answer.status in {200, 201, 409} and answer.data.get("sha256"):
        same = answer.data["sha256"] == sha256
        return Said(Standing.TAKEN if same else Standing.OTHER, words)
    if answer.status == 422 and code:
        return Said(Standing.REFUSED, f"{code}: {words}")
    return Said(Standing.SILENT, f"HTTP {answer.status} {words}".strip())


def _reply(told: Mapping[str, Any]) -> Reply:
    outcome = OUTCOMES.get(str(told.get("status")), Outcome.UNKNOWN)
    amount = told.get("returned_amount")
    back = Money.parse(str(amount), str(told["currency"])) if amount else None
    return Reply(outcome, code=str(told.get("code") or ""), returned=back, received=dict(told))
