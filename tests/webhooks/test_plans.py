"""What a worker asks goes by the index that was made for it, also after a burst of which the statistics know nothing."""

from typing import Any

import pytest
from django.db import connection

from apps.core import clock, ids
from apps.operations import sequencer
from apps.webhooks.dispatch import desk as desks
from apps.webhooks.dispatch import statements
from apps.webhooks.dispatch.desk import Desk
from apps.webhooks.models import Delivery, DeliveryStatus
from tests.support.tenants import World
from tests.support.webhooks import endpoint, happens
from tests.webhooks.test_leases import OTHERS, done

pytestmark = pytest.mark.usefixtures("ledger_db")

COPIES = """
INSERT INTO webhooks_delivery (id, endpoint_id, book_id, kind, message_id, body, event_id, position, type, subject, status, runs,
                               attempts, is_urgent, failure, created_at)
SELECT webhooks_new_id(), endpoint_id, book_id, kind, '', '', gen_random_uuid(), position, type,
       CASE WHEN n %% 100 = 0 THEN subject ELSE 'wal_' || n / 10 END, %s, 0, 0, false, '', created_at
  FROM webhooks_delivery, generate_series(1, %s) n WHERE event_id = %s
"""


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """How each statement was planned last, by itself."""
    found: dict[str, str] = {}
    names = {text: name for name, text in vars(statements).items() if name.isupper()}

    def explained(asked: Any) -> Any:
        def ask(statement: str, given: Any) -> Any:
            if statement in names:
                rows = plain("EXPLAIN " + statement, given)
                found[names[statement]] = "\n".join(line for (line,) in rows)
            return asked(statement, given)

        return ask

    plain = desks._rows
    monkeypatch.setattr(desks, "_run", explained(desks._run))
    monkeypatch.setattr(desks, "_rows", explained(desks._rows))
    return found


def burst(first: Delivery) -> None:
    """Twenty thousand messages, half of them of the same object, in a table whose statistics know only what was delivered."""
    first.status, first.next_attempt_at = DeliveryStatus.DELIVERED, None
    first.save(update_fields=["status", "next_attempt_at"])
    with connection.cursor() as cursor:
        cursor.execute(COPIES, [DeliveryStatus.DELIVERED, 2_000, ids.decode("evt", str(first.event_id))])
        cursor.execute("ANALYZE webhooks_delivery")
        cursor.execute(COPIES, [DeliveryStatus.QUEUED, 20_000, ids.decode("evt", str(first.event_id))])
    first.status, first.next_attempt_at = DeliveryStatus.PENDING, clock.now()
    first.save(update_fields=["status", "next_attempt_at"])


def test_a_burst_is_worked_off_by_the_same_indexes(acme: World, plans: dict[str, str]) -> None:
    endpoint(acme, OTHERS, types=["wallet.created"])
    happens(acme)
    sequencer.sequence()
    desk, now = Desk("test"), clock.now()
    desk.steady_plans()
    [line] = desk.take(1, now)
    desk.match([line], now)
    burst(Delivery.objects.get())
    plans.clear()
    [work] = desk.due({line.endpoint: 8}, {line.endpoint: line}, clock.now())
    desk.record([done(work)], clock.now())
    desk.give_back([line])
    desk.take(1, clock.now())
    asked = {name: plan for name, plan in plans.items() if "webhooks_delivery" in plan}
    assert asked.keys() == {"TAKE", "DUE", "FOLLOW", "HEAL"}
    for name, plan in asked.items():
        assert "console_delivery" not in plan, (name, plan)
        assert "Seq Scan on webhooks_delivery" not in plan, (name, plan)
    assert "webhook_delivery_lane" in asked["FOLLOW"]
    assert "webhook_delivery_lane" in asked["HEAL"]
    assert "webhook_delivery_due" in asked["DUE"]
