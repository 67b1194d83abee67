"""What is set for tests alone is refused in production."""

from typing import Any

import pytest
from django.core import checks

from apps.webhooks.checks import check_settings


@pytest.mark.parametrize(
    ("production", "loopback", "haste", "found"),
    [
        (True, False, 1, []),
        (True, True, 1, ["webhooks.E001"]),
        (True, False, 60, ["webhooks.E002"]),
        (True, True, 2, ["webhooks.E001", "webhooks.E002"]),
        (False, True, 3600, []),
    ],
)
def test_each_setting_is_refused_by_name(
    settings: Any, production: bool, loopback: bool, haste: int, found: list[str]
) -> None:
    settings.PRODUCTION = production
    settings.WEBHOOKS_LOOPBACK = loopback
    settings.WEBHOOKS_HASTE = haste
    said = check_settings()
    assert [each.id for each in said] == found
    assert all(each.level == checks.ERROR for each in said)


def test_they_are_looked_at_before_a_deployment(settings: Any) -> None:
    settings.PRODUCTION, settings.WEBHOOKS_LOOPBACK = True, True
    said = checks.run_checks(tags=["webhooks"], include_deployment_checks=True)
    assert [each.id for each in said] == ["webhooks.E001"]
