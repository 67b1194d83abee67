"""Whose accounts are: compared with the name that somebody expects."""

import json
import unicodedata
from difflib import SequenceMatcher
from typing import Any

from apps.providers.sandbox.errors import wrong
from apps.providers.sandbox.store import Store

SIMILAR = 0.8
"""From which likeness on another spelling is a close match."""

BY_NAME = {"CLOSE MATCH": "close_match", "NO MATCH": "no_match", "NOT POSSIBLE": "not_possible"}
"""What a name that has these words in it finds where control has said nothing of the account."""


class Payees:
    """The holders of accounts elsewhere, as control named them. Of others the name that is asked for decides."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def name(self, account: object, holder: object) -> None:
        """Say whose an account is; of one whose holder is null its bank does not tell."""
        told = None if holder is None else _text("name", holder)
        with self._store.change():
            self._store.run("INSERT OR REPLACE INTO payees VALUES (?, ?)", written(account), told)

    def check(self, name: object, account: object) -> dict[str, Any]:
        """`result` is `match`, `close_match` (with the name that it has), `no_match` or `not_possible`."""
        asked = _text("name", name)
        row = self._store.row("SELECT holder FROM payees WHERE account = ?", written(account))
        if row is None:
            upper = asked.upper()
            found = next((result for words, result in BY_NAME.items() if words in upper), "match")
            return {"result": found, **({"name": asked.title()} if found == "close_match" else {})}
        if row["holder"] is None:
            return {"result": "not_possible"}
        found = compared(asked, row["holder"])
        return {"result": found, **({"name": row["holder"]} if found == "close_match" else {})}


def compared(asked: str, holder: str) -> str:
    """How far two names are the same: neither case, accents nor the order of words count."""
    one, other = _words(asked), _words(holder)
    if one == other:
        return "match"
    if one and other and (set(one) < set(other) or set(other) < set(one)):
        return "close_match"
    alike = SequenceMatcher(None, " ".join(one), " ".join(other)).ratio()
    return "close_match" if alike >= SIMILAR else "no_match"


def written(account: object) -> str:
    """An account in one form, or refused."""
    if not isinstance(account, dict) or not account:
        raise wrong("bad_account", "account is no object that says which it is.")
    return json.dumps({str(name): str(value) for name, value in account.items()}, sort_keys=True)


def _words(name: str) -> list[str]:
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return sorted("".join(each if each.isalnum() else " " for each in plain.casefold()).split())


def _text(what: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong("bad_name", f"{what} is no text.")
    return value.strip()[:140]
