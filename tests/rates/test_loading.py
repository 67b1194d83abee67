"""Loading what a file says: what is new is added, what was known stays, nothing is lost silently."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.accounts.roles import permissions_of
from apps.core import clock
from apps.operations import executor
from apps.operations.models import Event, Operation
from apps.operations.plan import Request
from apps.operations.roles import ROLE
from apps.rates import services
from apps.rates.models import Load, Quote, SourceFile
from tests.rates.making import NOON, archive, loaded, received, table
from tests.support.door import done, person, refused, request, rows, run
from tests.support.threads import at_once, somebody_else

pytestmark = pytest.mark.usefixtures("ledger_db")

DAYS = {
    "2026-02-27": {"USD": "1.1684", "JPY": "186.75", "CYP": "N/A"},
    "2026-02-26": {"USD": "1.17", "CYP": "0.58"},
}


@pytest.fixture(autouse=True)
def _today() -> Any:
    with clock.frozen(NOON):
        yield


def quotes() -> list[tuple[Any, ...]]:
    return rows(
        "SELECT currency, day::text, load_id, rate::text FROM rates_quote ORDER BY day, currency, load_id"
    )


def counts(result: Any) -> dict[str, int]:
    names = ("added", "corrected", "withdrawn", "unchanged", "older", "missing")
    return {name: result[name] for name in names if result[name]}


def test_a_file_is_loaded_and_every_cell_is_counted() -> None:
    content = archive(table(DAYS))
    result = loaded(content)
    load = Load.objects.get()
    assert counts(result) == {"added": 3, "missing": 1}
    assert result["left_out"] == {"CYP": 1}
    assert (result["load"], result["days"]) == (load.pk, 2)
    assert (result["first_day"], result["last_day"]) == ("2026-02-26", "2026-02-27")
    assert [row[:2] + row[3:] for row in quotes()] == [
        ("USD", "2026-02-26", "1.17"),
        ("JPY", "2026-02-27", "186.75"),
        ("USD", "2026-02-27", "1.1684"),
    ]
    assert bytes(load.file.content) == content
    assert (load.loaded_by, load.recorded_at, load.left_out) == ("test", NOON, {"CYP": 1})
    operation = Operation.objects.get(pk=load.operation_id)
    assert operation.input == {"file": load.file_id}
    assert Event.objects.get().data["added"] == 3


def test_the_same_file_adds_nothing_in_whatever_shape_it_comes() -> None:
    loaded(DAYS)
    before = quotes()
    for content in (table(DAYS), archive(table(DAYS)), table(DAYS).replace(b"1.17,", b"1.1700,")):
        result = loaded(content)
        assert (result["load"], counts(result)) == (None, {"unchanged": 3, "missing": 1})
    assert quotes() == before
    assert Load.objects.count() == Event.objects.count() == 1


def test_a_changed_value_is_a_new_quote_beside_the_old_one() -> None:
    first = loaded(DAYS)["load"]
    changed = {**DAYS, "2026-02-26": {"USD": "1.18"}}
    result = loaded(changed)
    assert counts(result) == {"corrected": 1, "unchanged": 2, "missing": 1}
    assert [row for row in quotes() if row[1] == "2026-02-26"] == [
        ("USD", "2026-02-26", first, "1.17"),
        ("USD", "2026-02-26", result["load"], "1.18"),
    ]
    back = loaded(DAYS)
    assert counts(back) == {"corrected": 1, "unchanged": 2, "missing": 1}
    assert Load.objects.count() == 3


def test_a_value_that_is_gone_is_withdrawn_and_may_come_back() -> None:
    loaded(DAYS)
    gone = {**DAYS, "2026-02-27": {"USD": "1.1684"}}
    assert counts(loaded(gone)) == {"unchanged": 2}
    gone_table = table(DAYS).replace(b"186.75", b"N/A")
    assert counts(loaded(gone_table)) == {"withdrawn": 1, "unchanged": 2, "missing": 1}
    assert Quote.objects.filter(rate=None).values_list("currency", "day").get() == ("JPY", date(2026, 2, 27))
    assert counts(loaded(gone_table)) == {"unchanged": 3, "missing": 1}
    assert counts(loaded(DAYS)) == {"corrected": 1, "unchanged": 2, "missing": 1}


def test_older_news_does_not_replace_what_a_later_file_said() -> None:
    """A history saved last month does not take back what was corrected since."""
    old = {"2026-02-26": {"USD": "1.17", "GBP": "0.87"}}
    loaded({**DAYS, "2026-02-26": {"USD": "1.18"}})
    result = loaded(old)
    assert counts(result) == {"added": 1, "older": 1}
    assert [row[3] for row in quotes() if row[:2] == ("USD", "2026-02-26")] == ["1.18"]
    only = loaded({"2026-02-26": {"USD": "1.19"}})
    assert (only["load"], counts(only)) == (None, {"older": 1})


def test_a_currency_that_comes_to_exist_is_loaded_from_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    every = services.all_currencies()
    with monkeypatch.context() as patch:
        patch.setattr(services, "all_currencies", lambda: [each for each in every if each.code != "JPY"])
        assert loaded(DAYS)["left_out"] == {"CYP": 1, "JPY": 1}
    assert counts(loaded(DAYS)) == {"added": 1, "unchanged": 2, "missing": 1}


def test_stretches_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "STRETCH", 1)
    assert counts(loaded(DAYS)) == {"added": 3, "missing": 1}
    assert counts(loaded(DAYS)) == {"unchanged": 3, "missing": 1}


def test_a_wrong_file_is_refused_as_a_whole_and_the_refusal_is_kept() -> None:
    file = received(table(DAYS).replace(b"1.17,", b"x,"))
    outcome = run("rates.load_ecb", file=file)
    assert (outcome.error.code, outcome.error.field) == ("RATES_FILE_INVALID", "/file")
    assert outcome.error.details == {"line": 3, "column": "USD"}
    assert quotes() == []
    assert Operation.objects.get().refusal["details"]["line"] == 3


@pytest.mark.parametrize("file", ["0" * 64, "f" * 64])
def test_a_file_that_was_not_received_is_refused(file: str) -> None:
    assert refused("rates.load_ecb", file=file) == "RATES_FILE_UNKNOWN"


@pytest.mark.parametrize("file", ["", "x", "0" * 63, "0" * 65, "G" * 64, None, 7, "../../etc/passwd"])
def test_what_is_no_hash_is_refused(file: Any) -> None:
    assert refused("rates.load_ecb", file=file) == "INPUT_INVALID"


def test_a_file_is_kept_once_under_its_first_name() -> None:
    assert received(b"one", "a.csv") == received(b"one", "b.csv")
    assert SourceFile.objects.values_list("name", flat=True).get() == "a.csv"
    received(b"two", "x" * 300 + ".csv")
    assert SourceFile.objects.get(name__startswith="xxx").name.endswith(".csv")


def test_finance_and_admins_load_rates_and_others_do_not() -> None:
    roles = ("viewer", "operator", "approver", "compliance", "finance", "admin")
    assert [role for role in roles if "rates.load_ecb" in permissions_of(role)] == ["finance", "admin"]
    file = received(table(DAYS))
    viewer = person("vera@example.com", "viewer")
    assert refused("rates.load_ecb", actor=viewer, file=file) == "AUTHORIZATION_FAILED"
    done("rates.load_ecb", actor=person("fin@example.com", "finance"), file=file)
    assert Load.objects.get().loaded_by == "fin@example.com"


def test_a_preview_loads_nothing() -> None:
    shown = executor.preview(request("rates.load_ecb", file=received(table(DAYS))))
    assert shown["result"]["added"] == 3
    assert (quotes(), Load.objects.count()) == ([], 0)


def test_two_loads_at_once_follow_each_other() -> None:
    """The second sees what the first wrote, so that nothing is there twice."""
    file, other = received(table(DAYS)), received(table({**DAYS, "2026-02-26": {"USD": "1.18"}}))

    def load(sha256: str) -> Callable[[], Any]:
        return lambda: executor.execute(
            Request("rates.load_ecb", {"file": sha256}, uuid.uuid4().hex, services.LOADER)
        ).or_raise()

    at_once(load(file), load(file), load(other), load(file))
    standing = {row[:2]: row for row in quotes()}
    assert {place: row[3] for place, row in standing.items()}[("JPY", "2026-02-27")] == "186.75"
    assert [row[3] for row in quotes() if row[:2] == ("JPY", "2026-02-27")] == ["186.75"]
    usd = [row[3] for row in quotes() if row[:2] == ("USD", "2026-02-26")]
    assert all(one != other for one, other in pairwise(usd))
    loads = list(Load.objects.order_by("id").values_list("recorded_at", flat=True))
    assert loads == sorted(loads)


def test_a_load_waits_for_one_that_is_under_way() -> None:
    file = received(table(DAYS))
    with somebody_else() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [services.LOCK])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        try:
            with pytest.raises(DatabaseError):
                done("rates.load_ecb", file=file)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
    done("rates.load_ecb", file=file)


def test_a_load_is_never_recorded_before_an_earlier_one() -> None:
    """Also when the clock of another machine is behind."""
    loaded(DAYS)
    with clock.frozen(NOON - timedelta(hours=1)):
        loaded({**DAYS, "2026-02-26": {"USD": "1.18"}})
    assert list(Load.objects.values_list("recorded_at", flat=True)) == [NOON, NOON]


def test_a_day_is_not_loaded_before_it_comes_in_frankfurt() -> None:
    tomorrow = {"2026-03-03": {"USD": "1.1"}}
    assert refused("rates.load_ecb", file=received(table(tomorrow))) == "RATES_FILE_INVALID"
    with clock.frozen(datetime(2026, 3, 2, 23, 1, tzinfo=UTC)):
        assert counts(loaded(tomorrow)) == {"added": 1}


@pytest.mark.parametrize("name", ["rates_sourcefile", "rates_load", "rates_quote"])
@pytest.mark.parametrize("change", ["UPDATE {} SET source = source", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_was_known_is_never_changed(name: str, change: str) -> None:
    loaded(DAYS)
    change = change.replace("source = source", "name = name") if name == "rates_sourcefile" else change
    with pytest.raises(DatabaseError, match="APPEND_ONLY"):
        as_role("NONE", change.format(name))
    with pytest.raises(DatabaseError, match="permission denied"):
        as_role(ROLE, change.format(name))


def as_role(role: str, statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)


def insert_quote(load: int, **fields: Any) -> None:
    usual = {"source": "ecb", "base": "EUR", "currency": "USD", "day": "2026-02-20", "rate": Decimal("1.1")}
    values = usual | fields | {"load_id": load}
    with transaction.atomic(), connection.cursor() as cursor:
        names = ", ".join(values)
        cursor.execute(
            f"INSERT INTO rates_quote ({names}) VALUES ({', '.join(['%s'] * len(values))})",
            list(values.values()),
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_nothing_joins_a_load_that_stands_or_one_that_never_was() -> None:
    load = loaded(DAYS)["load"]
    for wrong, said in ((load, "RATES_LOAD_DONE"), (load - 1, "RATES_LOAD_DONE"), (load + 9, "foreign key")):
        with pytest.raises(DatabaseError, match=said):
            insert_quote(wrong)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"rate": Decimal(0)}, "quote_rate_positive"),
        ({"rate": Decimal(-1)}, "quote_rate_positive"),
        ({"rate": Decimal("NaN")}, "quote_rate_positive"),
        ({"rate": Decimal(10**12)}, "quote_rate_positive"),
        ({"currency": "EUR"}, "quote_of_two_currencies"),
        ({"source": "somebody"}, "quote_source_known"),
        ({"day": "infinity"}, "quote_day_finite"),
    ],
)
def test_no_quote_is_nonsense(fields: dict[str, Any], said: str) -> None:
    load = loaded(DAYS)["load"]
    with pytest.raises(DatabaseError, match=said):
        insert_quote(load + 9, **fields)


def test_loads_stand_in_one_order_of_ids_and_times() -> None:
    first = loaded(DAYS)["load"]
    load = Load.objects.get()
    for change in ({"id": first - 1}, {"id": first + 1, "recorded_at": NOON - timedelta(seconds=1)}):
        for name, value in ({"id": first + 1} | change).items():
            setattr(load, name, value)
        with pytest.raises(DatabaseError, match="RATES_LOAD_ORDER"), transaction.atomic():
            load.save(force_insert=True)


def test_a_file_is_its_hash() -> None:
    with pytest.raises(DatabaseError, match="source_file_is_its_hash"), transaction.atomic():
        SourceFile.objects.create(sha256="0" * 64, name="x", content=b"x", received_at=NOON)
