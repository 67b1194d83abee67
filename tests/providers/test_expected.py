"""When a provider is expected to have executed: its cut-off, its business days, its calendar."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from apps.providers.models import Provider
from apps.providers.queries.routing import expected_at
from tests.support.door import done, run

MAUNDY_THURSDAY = datetime(2026, 4, 2, 10, 30, tzinfo=UTC)


def expected(**fields: Any) -> datetime:
    given = {"time_zone": "Europe/Berlin", "business_days": True, "cut_off": time(15)} | fields
    return expected_at(Provider(**given), MAUNDY_THURSDAY, usually=timedelta(days=1))


@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ({"business_days": False}, "2026-04-03"),
        ({}, "2026-04-03"),
        ({"currencies": ["EUR"]}, "2026-04-07"),
        ({"currencies": ["USD"]}, "2026-04-03"),
        ({"currencies": ["EUR", "USD"]}, "2026-04-03"),
        ({"currencies": ["EUR", "USD"], "options": {"calendar": "TARGET"}}, "2026-04-07"),
        ({"currencies": ["EUR"], "options": {"calendar": "weekends"}}, "2026-04-03"),
    ],
)
def test_it_rests_on_the_days_of_its_calendar(fields: dict[str, Any], day: str) -> None:
    assert expected(**fields) == datetime.fromisoformat(f"{day}T10:30:00+00:00")


def test_after_the_cut_off_it_counts_from_the_next_day() -> None:
    late = expected(currencies=["EUR"], cut_off=time(12))
    assert late == datetime(2026, 4, 7, 22, tzinfo=UTC)


def test_a_provider_has_no_calendar_that_does_not_exist(ledger_db: None) -> None:
    given = {"name": "bank", "title": "A bank", "base_url": "https://bank.example", "secret": "s"}
    refusal = run("providers.set_provider", **given, options={"calendar": "PL-XX"}).error
    assert refusal
    assert (refusal.code, refusal.field) == ("CALENDAR_UNKNOWN", "/options/calendar")
    assert not Provider.objects.exists()
    done("providers.set_provider", **given, options={"calendar": "PL"})
    assert Provider.objects.get().options == {"calendar": "PL"}
