"""Posting templates: their versions in the database, entries made of them, and what is refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.core.money import InvalidAmount, Money
from apps.ledger import templates
from apps.ledger.models import Hold, JournalEntry, TemplateVersion
from apps.ledger.numscript.errors import Kind, NumscriptError
from apps.ledger.numscript.program import digest
from apps.ledger.queries.templates import TemplateDrift, template_drift
from apps.ledger.services import templates as services
from apps.operations.models import Event
from tests.support.door import balances, done, eur, held, moved, opened, refused, rows, run
from tests.support.threads import somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db")

TIP = """// A tip, for a test.
vars { monetary $amount account $from account $to }
send $amount ( source = $from destination = $to )
set_tx_meta("tip", $amount)
"""


def look_again() -> None:
    """As a process does that starts with these files."""
    templates.all_templates.cache_clear()
    templates.forget_versions()


@pytest.fixture
def folder(ledger_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The templates as files that may be changed; in the end their versions are as they were."""
    shutil.copytree(templates.FOLDER, tmp_path / "numscripts")
    before = list(TemplateVersion.objects.all())
    with monkeypatch.context() as patched:
        patched.setattr(templates, "FOLDER", tmp_path / "numscripts")
        look_again()
        yield tmp_path / "numscripts"
    past_the_guards("DELETE FROM ledger_templateversion")
    TemplateVersion.objects.bulk_create(before)
    look_again()


def past_the_guards(statement: str, *parameters: Any) -> None:
    """What only the owner of the server can do."""
    with transaction.atomic():
        rows("SELECT set_config('session_replication_role', 'replica', true)")
        with transaction.get_connection().cursor() as cursor:
            cursor.execute(statement, parameters)


def write(folder: Path, name: str, text: str = TIP) -> None:
    """Put a file there, and start anew."""
    (folder / f"{name}.num").write_text(text)
    look_again()


def rebuilt() -> dict[str, Any]:
    """What a load of the templates did."""
    return dict(done("ledger.rebuild_templates"))


def versions(name: str) -> list[tuple[int, str]]:
    """The versions of a template with their texts."""
    return list(TemplateVersion.objects.filter(name=name).order_by("version").values_list("version", "text"))


def made_by(entry: str) -> str:
    """Name and version of the template of an entry."""
    return str(JournalEntry.objects.select_related("template").get(pk=entry).template)


def entry_of(template: str, **variables: Any) -> dict[str, Any]:
    """Input of an entry by a template."""
    return {"book": "platform", "reference": f"by {template}", "template": template, "variables": variables}


class TestVersions:
    def test_are_added_once(self, folder: Path) -> None:
        write(folder, "tip")
        known = len(templates.all_templates())
        assert rebuilt() == {"added": ["tip 1"], "unchanged": known - 1}
        assert rebuilt() == {"added": [], "unchanged": known}
        [version] = TemplateVersion.objects.filter(name="tip")
        assert (version.version, version.text, version.hash) == (1, TIP, digest(TIP))
        assert version.loaded_by == "test"
        [event] = Event.objects.filter(type="templates.rebuilt")
        assert event.data["added"] == ["tip 1"]

    def test_follow_each_change_and_stay(self, folder: Path) -> None:
        for text in (TIP, f"{TIP}// changed", TIP):
            write(folder, "tip", text)
            rebuilt()
        assert versions("tip") == [(1, TIP), (2, f"{TIP}// changed"), (3, TIP)]
        assert (
            templates.version_id(templates.find("tip"))
            == TemplateVersion.objects.get(name="tip", version=3).pk
        )

    def test_asked_for_while_a_newer_one_is_loaded_are_asked_for_again(self, folder: Path) -> None:
        for text in (TIP, f"{TIP}// changed"):
            write(folder, "tip", text)
            rebuilt()
        write(folder, "tip")
        with somebody_else() as other:
            other.execute("LOCK operations_event IN SHARE MODE")
            with under_way(rebuilt) as [load]:
                wait_until_blocked(1)
                before = templates.version_id(templates.find("tip"))
                other.rollback()
        assert load.result()["added"] == ["tip 3"]
        found = [TemplateVersion.objects.get(name="tip", version=version).pk for version in (1, 3)]
        assert [before, templates.version_id(templates.find("tip"))] == found

    def test_of_a_file_that_is_gone_stay(self, folder: Path) -> None:
        write(folder, "tip")
        rebuilt()
        (folder / "tip.num").unlink()
        look_again()
        assert rebuilt()["added"] == []
        assert versions("tip") == [(1, TIP)]

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_templateversion SET loaded_by = loaded_by",
            "DELETE FROM ledger_templateversion",
            "TRUNCATE ledger_templateversion CASCADE",
        ],
    )
    def test_cannot_be_changed_or_removed(self, statement: str) -> None:
        with (
            pytest.raises(DatabaseError, match="APPEND_ONLY: ledger_templateversion"),
            transaction.atomic(),
        ):
            rows(statement)

    def test_are_given_once_when_two_load_at_the_same_time(self, folder: Path) -> None:
        write(folder, "tip")
        with somebody_else() as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [services.LOCK])
            with under_way(rebuilt, rebuilt) as loads:
                wait_until_blocked(2)
                other.rollback()
            added = sorted(load.result()["added"] for load in loads)
        assert added == [[], ["tip 1"]]
        assert versions("tip") == [(1, TIP)]

    def test_are_of_a_name_even_where_another_has_the_text(self, folder: Path) -> None:
        write(folder, "tip")
        rebuilt()
        write(folder, "tap")
        write(folder, "tip", f"{TIP}// changed")
        with pytest.raises(templates.TemplateNotLoaded):
            templates.version_id(templates.find("tip"))

    def test_are_refused_to_a_template_that_is_no_static_program(self, folder: Path) -> None:
        write(folder, "tip", "// All of it.\nsend [EUR/2 *] ( source = @a destination = @b )")
        with pytest.raises(
            NumscriptError, match=r"2:6: NOT_STATIC: tip\.num: A template cannot send all"
        ) as failed:
            templates.all_templates()
        assert failed.value.kind is Kind.NOT_STATIC


class TestDrift:
    def test_is_none_after_a_load(self) -> None:
        assert template_drift() == []

    def test_is_found_in_each_of_its_forms(self, folder: Path) -> None:
        for name in ("changed", "gone", "forged"):
            write(folder, name)
        rebuilt()
        assert template_drift() == []
        write(folder, "fresh")
        write(folder, "changed", f"{TIP}// changed")
        (folder / "gone.num").unlink()
        past_the_guards(
            "UPDATE ledger_templateversion SET text = %s WHERE name = 'forged'", f"{TIP}// forged"
        )
        look_again()
        assert template_drift() == [
            TemplateDrift("changed", "changed", "the file differs from version 1"),
            TemplateDrift("forged", "forged", "the text of version 1 does not have its hash"),
            TemplateDrift("fresh", "not_loaded", "it is not loaded"),
            TemplateDrift("gone", "withdrawn", "this code has no such file"),
        ]

    def test_ends_with_a_load_but_for_what_is_forged_or_gone(self, folder: Path) -> None:
        write(folder, "fresh")
        write(folder, "bridge", f"{TIP}// changed")
        assert [drift.name for drift in template_drift()] == ["bridge", "fresh"]
        assert rebuilt()["added"] == ["bridge 2", "fresh 1"]
        assert template_drift() == []


class TestEntries:
    @pytest.fixture(autouse=True)
    def _books(self, ledger_db: Any) -> None:
        opened("bank", side="debit", floor=None)
        opened("amara")
        opened("bo")
        opened("reserve", names_holds=True)
        moved("bank", "amara", "100.00")

    def test_keep_the_version_that_made_them(self, folder: Path) -> None:
        write(folder, "tip")
        rebuilt()
        given = {"amount": eur("1.00"), "from": "amara", "to": "bo"}
        first = done("ledger.import_template_entry", **entry_of("tip", **given))["entry"]
        write(folder, "tip", f"{TIP}// changed")
        rebuilt()
        second = done("ledger.import_template_entry", **entry_of("tip", **given) | {"reference": "2"})[
            "entry"
        ]
        assert (made_by(first), made_by(second)) == ("tip 1", "tip 2")
        found = JournalEntry.objects.get(pk=first)
        assert (found.kind, found.metadata) == ("tip", {"tip": "EUR/2 100"})
        assert balances("amara", "bo") == {"amara": "98.00", "bo": "2.00"}

    def test_are_reversed_under_the_version_of_the_original(self, folder: Path) -> None:
        write(folder, "tip")
        rebuilt()
        given = entry_of("tip", amount=eur("1.00"), **{"from": "amara", "to": "bo"})
        original = done("ledger.import_template_entry", **given)["entry"]
        write(folder, "tip", f"{TIP}// changed")
        rebuilt()
        reversal = done("ledger.reverse_entry", entry=original, reason="wrong")["entry"]
        assert made_by(reversal) == "tip 1"

    def test_of_every_command_are_of_a_template(self) -> None:
        imported = moved("amara", "bo", "1.00")
        opening = done(
            "ledger.post_opening_balance", book="platform", account=opened("cleo"), amount=eur("5.00")
        )
        debit = done(
            "ledger.post_opening_balance",
            book="platform",
            account=opened("deb", floor=None),
            amount=eur("-5.00"),
        )
        assert made_by(imported) == "imported_entry 1"
        assert (made_by(opening["entry"]), made_by(debit["entry"])) == (
            "opening_balance 1",
            "opening_debit 1",
        )
        assert not JournalEntry.objects.filter(template=None).exists()

    def test_of_holds_use_the_hold(self) -> None:
        hold = held("amara", "reserve", "10.00")
        settled = done("ledger.settle_hold", hold=hold, destination="bo", amount=eur("4.00"), reason="paid")
        released = done("ledger.release_hold", hold=hold, reason="over")
        kinds = [made_by(entry) for entry in (settled["entry"], released["entry"])]
        assert kinds == ["hold_settle 1", "hold_release 1"]
        assert Hold.objects.get(pk=hold).remaining == 0
        assert balances("amara", "bo", "reserve") == {"amara": "96.00", "bo": "4.00", "reserve": "0.00"}

    def test_of_a_hold_name_it_where_its_account_is_touched(self) -> None:
        hold = templates.Held("hld_1", "reserve")
        given = {"amount": Money(100, "EUR"), "account": "amara", "held": "reserve"}
        placed = templates.entry("hold_place", given, book_id=1, reference="r", held=hold)
        assert [(posting.hold.hold_id, posting.hold.use) for posting in placed.postings] == [
            ("hld_1", "open")
        ]
        released = templates.entry("hold_release", given, book_id=1, reference="r", held=hold)
        assert [posting.hold.use for posting in released.postings] == ["take"]
        assert hold.use("amara", "bo") is None

    def test_are_refused_of_a_template_that_is_not_loaded(self, folder: Path) -> None:
        write(folder, "tip")
        given = entry_of("tip", amount=eur("1.00"), **{"from": "amara", "to": "bo"})
        outcome = run("ledger.import_template_entry", key="k", **given)
        assert (outcome.error.code, outcome.error.transient) == ("TEMPLATE_NOT_LOADED", True)
        assert "run ledger.rebuild_templates" in outcome.error.message
        rebuilt()
        assert run("ledger.import_template_entry", key="k", **given).accepted

    def test_are_refused_of_a_template_whose_text_is_not_loaded(self, folder: Path) -> None:
        write(folder, "imported_entry", TIP)
        given = entry_of("imported_entry", amount=eur("1.00"), **{"from": "amara", "to": "bo"})
        assert refused("ledger.import_template_entry", **given) == "TEMPLATE_NOT_LOADED"

    def test_are_refused_of_an_unknown_template(self) -> None:
        assert refused("ledger.import_template_entry", **entry_of("none")) == "TEMPLATE_UNKNOWN"

    GIVEN = {"amount": eur("1.00"), "source": "amara", "destination": "bo"}

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"destination": None}, "imported_entry, 5:3: $destination: an account is given as a text."),
            ({"more": "x", "and": "y"}, "imported_entry has no variable and, more."),
            ({"source": "@amara"}, "imported_entry, 4:3: $source: '@amara' is no account"),
            ({"source": ["amara"]}, "imported_entry, 4:3: $source: an account is given as a text."),
            ({"amount": "EUR/2 100"}, 'amount is an amount: {"amount": "12.50", "currency": "EUR"}.'),
            ({"amount": {"amount": 1, "currency": "EUR"}}, "amount is an amount: "),
            ({"amount": {"amount": "1.00"}}, "amount is an amount: "),
            ({"amount": None}, "amount is an amount: "),
            ({"amount": eur("-1.00")}, "imported_entry, 7:6: -100 EUR/2 cannot be sent; turn it round."),
        ],
        ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
    )
    def test_are_refused_of_wrong_variables(self, wrong: dict[str, Any], says: str) -> None:
        given = entry_of("imported_entry", **self.GIVEN | wrong)
        outcome = run("ledger.import_template_entry", **given)
        assert outcome.error.code == "TEMPLATE_REFUSED"
        assert outcome.error.message.startswith(says)

    def test_are_refused_without_a_variable(self) -> None:
        given = entry_of("imported_entry", amount=eur("1.00"), source="amara")
        outcome = run("ledger.import_template_entry", **given)
        assert outcome.error.code == "TEMPLATE_REFUSED"
        assert outcome.error.details == {
            "template": "imported_entry",
            "kind": "MISSING_VARIABLE",
            "place": "5:3",
        }

    def test_of_nothing_are_refused(self) -> None:
        given = entry_of("imported_entry", **self.GIVEN | {"amount": eur("0.00")})
        assert refused("ledger.import_template_entry", **given) == "INVALID_AMOUNT"
        with pytest.raises(InvalidAmount, match="would post nothing"):
            templates.entry(
                "imported_entry",
                {"source": "mint", "destination": "bo", "amount": Money(0, "EUR")},
                book_id=1,
                reference="r",
            )

    @pytest.mark.parametrize(
        ("asset", "code"), [("EUR/3", "ASSET_UNFIT"), ("EUR", "ASSET_UNFIT"), ("EUR/2", None)]
    )
    def test_are_refused_in_an_asset_of_another_exponent(
        self, folder: Path, asset: str, code: str | None
    ) -> None:
        text = """// By number.
        vars { asset $asset number $amount }
        send [$asset $amount] ( source = @amara destination = @bo )
        """
        write(folder, "numbered", text)
        rebuilt()
        outcome = run("ledger.import_template_entry", **entry_of("numbered", asset=asset, amount=5))
        assert (outcome.error.code if outcome.error else None) == code

    def test_take_no_more_than_there_is(self) -> None:
        given = entry_of("imported_entry", **self.GIVEN | {"amount": eur("100.01")})
        assert refused("ledger.import_template_entry", **given) == "INSUFFICIENT_BALANCE"
