"""Settings of rates that cannot be meant fail `manage.py check`."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

AGES = range(1, 32)


@checks.register("rates")
def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """One place to load from, which nobody can forge on the way, and an age at which a rate is still one."""
    found: list[checks.CheckMessage] = []
    if settings.ECB_RATES_URL and settings.ECB_RATES_FILE:
        found.append(
            checks.Error("ECB_RATES_URL and ECB_RATES_FILE are both set: keep one.", id="rates.E001")
        )
    if settings.ECB_RATES_URL and urlsplit(settings.ECB_RATES_URL).scheme not in _schemes():
        found.append(
            checks.Error("ECB_RATES_URL must begin with https://: rates decide about money.", id="rates.E002")
        )
    if settings.RATES_MAX_AGE_DAYS not in AGES:
        found.append(
            checks.Error(
                f"RATES_MAX_AGE_DAYS is {settings.RATES_MAX_AGE_DAYS}: give {AGES[0]} to {AGES[-1]} days."
                " The longest pause of the ECB is that of Easter, five days.",
                id="rates.E003",
            )
        )
    return found


def _schemes() -> set[str]:
    return {"https"} if settings.PRODUCTION else {"https", "http"}
