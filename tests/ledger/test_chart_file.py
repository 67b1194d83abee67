"""The chart's file: what it must be, and how one chart differs from another."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.berka.chart import COUNTERPARTS, customer
from apps.ledger.chart import Chart, ChartAccount, ChartInvalid, ChartPattern, difference, read_chart
from apps.ledger.queries.chart import place_of, stored_chart
from apps.ledger.services.entries import CORRECTIONS, OPENING
from tests.support.charted import ChartFile

CASH = {"code": "1", "name": "Cash", "type": "asset"}
BANK = {"code": "11", "name": "Bank", "type": "asset", "parent": "1"}
AT_BANKS = {"pattern": "bank:*", "gl_code": "11"}


def faults(folder: Path, content: Any) -> list[str]:
    """What is wrong with a file of this content."""
    path = folder / "chart.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ChartInvalid) as caught:
        read_chart(path)
    found = caught.value
    assert found.details["file"] == f"{folder.name}/chart.json"
    listed = list(found.details["faults"])
    assert found.message.startswith(f"{folder.name}/chart.json: {listed[0]}")
    return [str(each) for each in listed]


def account_fault(folder: Path, **changes: Any) -> list[str]:
    """What is wrong with the bank's GL account, so changed."""
    entry = {name: value for name, value in (BANK | changes).items() if value is not None}
    return faults(folder, {"accounts": [CASH, entry], "patterns": []})


def pattern_fault(folder: Path, **changes: Any) -> list[str]:
    """What is wrong with the bank's pattern, so changed."""
    entry = {name: value for name, value in (AT_BANKS | changes).items() if value is not None}
    return faults(folder, {"accounts": [CASH, BANK], "patterns": [entry]})


class TestWhatIsNoChart:
    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (
                '{"accounts": [\n  {"code": 1 "name": 2}\n]}',
                "line 2, column 14: Expecting ',' delimiter; it must be JSON",
            ),
            ([], "it must be an object with"),
            ({"accounts": []}, "it must be an object with"),
            ({"accounts": [], "patterns": [], "more": []}, "it must be an object with"),
            ({"accounts": {}, "patterns": []}, '"accounts" must be a list'),
            ({"accounts": ["1000"], "patterns": []}, "accounts[0]: must be an object"),
        ],
    )
    def test_is_refused_as_a_whole(self, tmp_path: Path, content: Any, fault: str) -> None:
        assert faults(tmp_path, content)[0].startswith(fault)

    def test_nor_is_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ChartInvalid, match="cannot be read"):
            read_chart(tmp_path / "none.json")


class TestAnAccount:
    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"code": "1x"}, "accounts[1] (1x): the code must be 1 to 20 digits"),
            ({"code": "1" * 21}, f"accounts[1] ({'1' * 21}): the code must be 1 to 20 digits"),
            ({"code": 11}, 'accounts[1] (11): "code" must be text, not 11'),
            ({"code": None}, 'accounts[1]: "code" is missing'),
            ({"name": " "}, "accounts[1] (11): the name must have 1 to 200 characters"),
            (
                {"type": "cash"},
                "accounts[1] (11): the type 'cash' must be one of asset, liability, equity, revenue, expense",
            ),
            ({"side": "left"}, "accounts[1] (11): the side 'left' must be credit or debit"),
            ({"currencies": "EUR"}, "accounts[1] (11): \"currencies\" must be a list, not 'EUR'"),
            ({"currencies": ["EUR", "EUR"]}, "accounts[1] (11): the currency EUR stands here twice"),
            (
                {"currencies": ["eur"]},
                "accounts[1] (11): There is no currency 'eur'; use a code such as EUR or USDC, in capitals",
            ),
            ({"parent": "2"}, "accounts[1] (11): the parent 2 is not in the file"),
            ({"parent": "11"}, "accounts[1] (11): must sort behind its parent 11, read as text"),
            (
                {"type": "equity"},
                "accounts[1] (11): is of type equity, but its parent 1 is of type asset",
            ),
            (
                {"colour": "red"},
                'accounts[1] (11): "colour" is unknown here; code, name, type, parent, side, currencies are known',
            ),
        ],
    )
    def test_that_is_wrong_is_named(self, tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
        assert fault in account_fault(tmp_path, **changes)

    def test_stands_once(self, tmp_path: Path) -> None:
        found = faults(tmp_path, {"accounts": [CASH, CASH], "patterns": []})
        assert found == ["accounts[1] (1): stands here twice, so neither of the two would count"]


class TestAPattern:
    @pytest.mark.parametrize("pattern", ["", "bank:", ":bank", "ba*k", "bank:**", "bänk", "a b", "a" * 201])
    def test_has_one_shape(self, tmp_path: Path, pattern: str) -> None:
        assert "a pattern is of segments joined by colons" in pattern_fault(tmp_path, pattern=pattern)[0]

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"gl_code": "12"}, "patterns[0] (bank:*): the GL account 12 is not in the file"),
            (
                {"gl_code": "1"},
                "patterns[0] (bank:*): 1 is a heading: it has children, so it carries no accounts",
            ),
            ({"names_holds": "no"}, "patterns[0] (bank:*): \"names_holds\" must be true or false, not 'no'"),
            ({"gl_code": None}, 'patterns[0] (bank:*): "gl_code" is missing'),
        ],
    )
    def test_that_is_wrong_is_named(self, tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
        assert fault in pattern_fault(tmp_path, **changes)

    def test_that_would_tie_with_another_is_refused(self, tmp_path: Path) -> None:
        found = faults(tmp_path, {"accounts": [CASH, BANK], "patterns": [AT_BANKS, AT_BANKS]})
        assert found == ["patterns[1] (bank:*): stands here twice, so neither of the two would count"]


def test_every_fault_is_told(tmp_path: Path) -> None:
    found = faults(tmp_path, {"accounts": [{**CASH, "type": "x"}, {**BANK, "code": "x"}], "patterns": []})
    assert len(found) == 3


def test_sides_follow_the_type_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "chart.json"
    path.write_text(json.dumps({"accounts": [CASH, BANK | {"side": "credit"}], "patterns": [AT_BANKS]}))
    assert read_chart(path) == Chart(
        {"1": ChartAccount("1", "Cash", "asset", -1), "11": ChartAccount("11", "Bank", "asset", 1, (), "1")},
        {"bank:*": ChartPattern("bank:*", "11")},
    )


def test_charts_are_told_apart(tmp_path: Path) -> None:
    chart = ChartFile(tmp_path / "chart.json")
    before = read_chart(chart.path)
    assert not difference(before, before)
    chart.account("1110", name="Nostro")
    chart.account("1160", name="Vault", type="asset", parent="1100")
    chart.pattern("cash:*", gl_code="1160")
    chart.without("strategy:*")
    found = difference(before, read_chart(chart.path))
    assert (found.accounts.added, found.accounts.changed, found.accounts.removed) == (["1160"], ["1110"], [])
    assert (found.patterns.added, found.patterns.changed, found.patterns.removed) == (
        [],
        ["cash:*"],
        ["strategy:*"],
    )
    assert found.accounts.unchanged == len(before.accounts) - 1
    assert found.patterns.unchanged == len(before.patterns) - 2
    assert bool(found) is True


class TestOurOwn:
    def test_is_a_chart_with_one_root_for_each_type(self) -> None:
        chart = read_chart()
        roots = {account.code: account.type for account in chart.accounts.values() if account.parent is None}
        assert roots == {
            "1000": "asset",
            "2000": "liability",
            "3000": "equity",
            "4000": "revenue",
            "5000": "expense",
        }

    @pytest.mark.usefixtures("db")
    def test_is_what_the_database_has(self) -> None:
        assert stored_chart() == read_chart()

    @pytest.mark.usefixtures("db")
    def test_every_postable_code_has_an_address(self) -> None:
        chart = read_chart()
        used = {pattern.gl_code for pattern in chart.patterns.values()}
        assert chart.accounts.keys() - chart.headings == used

    @pytest.mark.parametrize(
        ("address", "type_", "side"),
        [
            ("wallet:wal_x:available", "liability", 1),
            ("wallet:wal_x:held", "liability", 1),
            ("wallet:wal_x:owed", "asset", -1),
            ("bank:ing", "asset", -1),
            ("provider:acme", "asset", -1),
            ("provider:acme:pool", "asset", -1),
            ("pool:settlement", "asset", -1),
            ("fx:position", "asset", 1),
            ("reserve:merchant", "liability", 1),
            ("escrow:deal_7", "liability", 1),
            ("due_to:platform", "liability", 1),
            ("due_from:acme", "asset", -1),
            ("commission:partner", "liability", 1),
            ("strategy:str_1", "liability", 1),
            ("revenue:fx-spread", "revenue", 1),
            ("revenue:whatever", "revenue", 1),
            ("expense:write-offs", "expense", -1),
            (OPENING, "equity", 1),
            (CORRECTIONS, "liability", 1),
            ("suspense:unknown", "liability", 1),
            ("equity:funding", "equity", 1),
            (customer(1), "liability", 1),
            *((f"wallet:{name}:available", "liability", 1) for name in ("amara", "wal_01m7z75h")),
        ],
    )
    @pytest.mark.usefixtures("db")
    def test_knows_the_addresses_of_the_product(self, address: str, type_: str, side: int) -> None:
        place = place_of(address)
        assert place is not None
        assert (place.type, place.side) == (type_, side)
        assert place.names_holds == address.endswith(":held")

    @pytest.mark.usefixtures("db")
    def test_takes_the_banks_fees_and_penalties_as_revenue_and_its_interest_as_expense(self) -> None:
        places = {each.address: place_of(each.address) for each in COUNTERPARTS}
        types = {address: place.type for address, place in places.items() if place}
        assert {address for address, type_ in types.items() if type_ == "revenue"} == {
            "revenue:fees",
            "revenue:penalty-interest",
        }
        assert [address for address, type_ in types.items() if type_ == "expense"] == ["expense:interest"]
        assert len(types) == len({place.code for place in places.values() if place}) == len(COUNTERPARTS)
