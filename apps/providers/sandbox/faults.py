"""What goes wrong on purpose: scripted faults, which match, and seeded ones, which are drawn."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.providers.sandbox.amounts import NotAnAmount, exact
from apps.providers.sandbox.errors import wrong
from apps.providers.sandbox.instants import span
from apps.providers.sandbox.store import Store

PARTS = {
    "submit": {
        *("refuse", "not_accepted", "rate_limit", "garbage", "slow:"),
        *(f"{how}_{when}" for how in ("error", "timeout", "reset") for when in ("before", "after")),
    },
    "payee": {"error", "timeout", "reset", "garbage", "slow:"},
    "recall": {"refuse:", "error", "timeout_before", "timeout_after", "garbage"},
    "query": {"error", "timeout", "not_found_for:"},
    "outcome": {"complete", "fail:", "hang", "partial:", "wrong_amount:", "return_after:", "delay:"},
    "webhook": {
        *("drop", "duplicate", "delay:", "reorder"),
        *("bad_signature", "changed_bytes", "no_event_id"),
    },
}
"""Every fault by the part of an order's life that it strikes; after a colon comes what it needs."""

FIELDS = ("reference", "desk", "kind", "amount", "to")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass
class Fault:
    """A scripted fault: what it matches, what it does to each part, and how often each part still strikes."""

    match: dict[str, str]
    do: dict[str, Any]
    times: int | None
    struck: dict[str, int] = field(default_factory=dict)

    def strikes(self, part: str, subject: Mapping[str, str | None]) -> bool:
        """True if it has this part, is not used up and matches."""
        if part not in self.do or (self.times is not None and self.struck.get(part, 0) >= self.times):
            return False
        return all(_fits(name, value, subject.get(name)) for name, value in self.match.items())


class Faults:
    """All faults; they are kept in the file, so they outlive the process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.load()

    def load(self) -> None:
        """Read what is kept."""
        self.scripted = [Fault(**each) for each in self._store.kept("faults") or []]
        self.chaos: dict[str, Any] = self._store.kept("chaos") or {}
        self.down: dict[str, str] = self._store.kept("down") or {}

    def keep(self) -> None:
        """Write all of it, within a change."""
        self._store.keep("faults", [vars(fault) for fault in self.scripted])
        self._store.keep("chaos", self.chaos)
        self._store.keep("down", self.down)

    def strike(self, part: str, subject: Mapping[str, str | None]) -> Any:
        """The fault that strikes this part of the subject, counted as one strike, or None. Within a change.

        The first scripted one that matches counts; without one it is drawn from the seed, the reference, the part
        and how often that was drawn before.
        """
        for fault in self.scripted:
            if fault.strikes(part, subject):
                if fault.times is not None:
                    fault.struck[part] = fault.struck.get(part, 0) + 1
                    self.keep()
                return fault.do[part]
        if part not in self.chaos:
            return None
        drawn = self._drawn(part, f"{subject['desk']}/{subject['reference']}")
        return [drawn] if drawn and part == "webhook" else drawn

    def _drawn(self, part: str, subject: str) -> str | None:
        what = f"{self.chaos['seed']}:{subject}:{part}"
        self._store.run("INSERT INTO draws VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1", what)
        count = self._store.number("SELECT count FROM draws WHERE subject = ?", what)
        drawn = int.from_bytes(hashlib.sha256(f"{what}:{count}".encode()).digest()[:8], "big")
        for fault, share in self.chaos[part].items():
            drawn -= int(Decimal(share) * 2**64)
            if drawn < 0:
                return str(fault)
        return None


def _fits(name: str, wanted: str, found: str | None) -> bool:
    if found is None:
        return False
    if name == "amount":
        return exact(wanted) == exact(found)
    return wanted in found if name == "to" else wanted == found


def scripted(given: Any) -> list[Fault]:
    """The faults of a request, or refused as `bad_fault`."""
    if not isinstance(given, list):
        raise wrong("bad_fault", "Faults are a list, each with match and do.")
    try:
        return [_scripted(each) for each in given]
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise wrong("bad_fault", f"{error}.") from None


def _scripted(given: dict[str, Any]) -> Fault:
    match, do, times = given.get("match") or {}, given["do"], given.get("times")
    if unknown := (match.keys() - set(FIELDS)) | (do.keys() - PARTS.keys()):
        raise ValueError(f"There is no {', '.join(sorted(unknown))} to match or to do")
    if times is not None and (type(times) is not int or times < 1):
        raise ValueError("times is a whole number above zero, or null for always")
    if "amount" in match:
        exact(match["amount"])
    for part, faults in do.items():
        for fault in faults if part == "webhook" else [faults]:
            check(part, fault)
    return Fault({name: str(value) for name, value in match.items()}, do, times)


def chaos(given: Any) -> dict[str, Any]:
    """The seeded faults of a request, each part with shares that add up to at most one, or refused as `bad_fault`."""
    try:
        found: dict[str, Any] = {"seed": int(given["seed"])}
        for part in given.keys() - {"seed"}:
            if part not in PARTS:
                raise ValueError(f"There is no part {part!r}")
            shares = {fault: Decimal(str(share)) for fault, share in given[part].items()}
            if any(share < 0 for share in shares.values()) or sum(shares.values()) > 1:
                raise ValueError(f"The shares of {part} are not from 0 to 1 together")
            for fault in shares:
                check(part, fault)
            found[part] = {fault: str(share) for fault, share in shares.items()}
    except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError) as error:
        raise wrong("bad_fault", f"{error}.") from None
    return found


def check(part: str, fault: Any) -> None:
    """ValueError unless the part can have this fault."""
    name, colon, rest = str(fault).partition(":")
    if name + colon not in PARTS[part]:
        raise ValueError(f"{part} has no fault {json.dumps(fault)}; it has {', '.join(sorted(PARTS[part]))}")
    if not colon:
        return
    if name in ("fail", "refuse"):
        right = bool(_CODE.fullmatch(rest))
    elif name == "partial":
        right = 0 < exact(rest) < exact("1")
    elif name == "wrong_amount":
        right = exact(rest) > 0
    else:
        right = span(rest) >= 0
    if not right:
        raise NotAnAmount(f"{fault} cannot be meant")


def split(fault: str) -> tuple[str, str]:
    """Its name, and what stands after the colon."""
    name, _, rest = fault.partition(":")
    return name, rest
