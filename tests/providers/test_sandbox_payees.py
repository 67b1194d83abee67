"""Whose accounts are, as the sandbox's bank tells it."""

from typing import Any

import pytest

from tests.support.sandbox import Sandbox

ACCOUNT = {"iban": "DE89370400440532013000"}


def asked(sandbox: Sandbox, body: Any) -> Any:
    """The status and the answer."""
    answer = sandbox.client().post("/bank/payees", json=body)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Ann Bell", {"result": "match"}),
        ("BELL, Änn", {"result": "match"}),
        ("Ann Maria Bell", {"result": "close_match", "name": "Ann Bell"}),
        ("Anne Bell", {"result": "close_match", "name": "Ann Bell"}),
        ("Bo Lind", {"result": "no_match"}),
        ("...", {"result": "no_match"}),
    ],
)
def test_a_name_is_compared_with_the_holders(sandbox: Sandbox, name: str, found: dict[str, str]) -> None:
    sandbox.control("PUT", "payees", {"account": ACCOUNT, "name": "Ann Bell"})
    assert asked(sandbox, {"name": name, "account": ACCOUNT}) == (200, found)


def test_of_others_the_name_decides(sandbox: Sandbox) -> None:
    for name, found in {"Eve No Match": "no_match", "Bo": "match", "x not possible": "not_possible"}.items():
        assert asked(sandbox, {"name": name, "account": ACCOUNT}) == (200, {"result": found})
    sandbox.control("PUT", "payees", {"account": ACCOUNT, "name": None})
    assert asked(sandbox, {"name": "Bo", "account": ACCOUNT}) == (200, {"result": "not_possible"})
    sandbox.reset()
    assert asked(sandbox, {"name": "Bo", "account": ACCOUNT}) == (200, {"result": "match"})
    sandbox.fund("bank", "EUR", "1.00")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"account": ACCOUNT}, "bad_name"),
        ({"name": " ", "account": ACCOUNT}, "bad_name"),
        ({"name": "Bo"}, "bad_account"),
        ({"name": "Bo", "account": {}}, "bad_account"),
        ({"name": "Bo", "account": "DE89"}, "bad_account"),
    ],
)
def test_what_cannot_be_asked_is_refused(sandbox: Sandbox, body: Any, code: str) -> None:
    status, told = asked(sandbox, body)
    assert (status, told["code"]) == (422, code)


def test_it_is_slow_if_wanted(sandbox: Sandbox) -> None:
    sandbox.fault(do={"payee": "slow:0.2"}, reference="Bo", to="DE8937")
    assert asked(sandbox, {"name": "Bo", "account": ACCOUNT}) == (200, {"result": "match"})
