"""Endpoints: made, changed, disabled, enabled, removed; and who may."""

from typing import Any

import pytest

from apps.core import clock
from apps.operations.models import Event, Operation
from apps.webhooks.models import Endpoint, EndpointSecret, SigningKey
from apps.webhooks.services import endpoints
from tests.support.door import done, refused
from tests.support.hooked import Receiver
from tests.support.tenants import World, world
from tests.support.webhooks import deliver, endpoint, happens

pytestmark = pytest.mark.usefixtures("ledger_db")

URL = "https://hooks.example.com/in"


def test_a_secret_is_shown_once_and_stored_nowhere_in_words(acme: World) -> None:
    made = done("webhooks.create_endpoint", key="one", actor=acme.key, url=URL, headers={"X-Key": "hush"})
    assert made["secret"].startswith("whsec_")
    again = done("webhooks.create_endpoint", key="one", actor=acme.key, url=URL, headers={"X-Key": "hush"})
    assert again["endpoint"] == made["endpoint"]
    assert again["secret"] != made["secret"]
    kept = str(
        list(Operation.objects.values_list("input", "result")) + list(Event.objects.values_list("data"))
    )
    assert made["secret"] not in kept
    assert "hush" not in kept
    assert Endpoint.objects.get().headers == {"x-key": "hush"}
    assert EndpointSecret.objects.get().secret == made["secret"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"url": "http://hooks.example.com"}, "WEBHOOK_URL_UNFIT"),
        ({"url": "https://127.0.0.1"}, "WEBHOOK_URL_UNFIT"),
        ({"url": URL, "types": ["transfer.complete"]}, "WEBHOOK_TYPE_UNKNOWN"),
        ({"url": URL, "types": ["*"]}, "WEBHOOK_TYPE_UNKNOWN"),
        ({"url": URL, "headers": {"Host": "a"}}, "WEBHOOK_HEADER_UNFIT"),
        ({"url": URL, "headers": {"Webhook-Id": "a"}}, "WEBHOOK_HEADER_UNFIT"),
        ({"url": URL, "headers": {"X-A": "a\r\nHost: b"}}, "WEBHOOK_HEADER_UNFIT"),
        ({"url": URL, "headers": {"X A": "a"}}, "WEBHOOK_HEADER_UNFIT"),
        ({"url": URL, "headers": {"X-A": "ü"}}, "WEBHOOK_HEADER_UNFIT"),
        ({"url": URL, "most_at_once": 65}, "INPUT_INVALID"),
        ({"url": URL, "version": 2}, "INPUT_INVALID"),
    ],
)
def test_what_cannot_be_is_refused(acme: World, given: dict[str, Any], code: str) -> None:
    assert refused("webhooks.create_endpoint", actor=acme.key, **given) == code
    assert not Endpoint.objects.exists()


def test_a_live_tenant_has_no_endpoint_on_this_machine(acme: World, receiver: Receiver) -> None:
    assert refused("webhooks.create_endpoint", actor=acme.key, url=receiver.url) == "WEBHOOK_URL_UNFIT"


def test_what_is_not_given_stays(acme: World) -> None:
    made = endpoint(acme, URL, types=["wallet.*"], per_second=5, description="one")
    told = done("webhooks.update_endpoint", actor=acme.test_key, endpoint=made["endpoint"], per_second=0)
    assert (told["types"], told["per_second"], told["description"]) == (["wallet.*"], None, "one")


def test_another_tenant_knows_nothing_of_it(acme: World) -> None:
    made, other = endpoint(acme, URL), world("bloom")
    for command, more in (
        ("webhooks.update_endpoint", {"url": "https://bloom.example"}),
        ("webhooks.rotate_secret", {}),
        ("webhooks.disable_endpoint", {"reason": "mine"}),
        ("webhooks.remove_endpoint", {"reason": "mine"}),
        ("webhooks.send_test", {}),
        ("webhooks.replay_range", {"after": 0, "reason": "mine"}),
    ):
        code = refused(command, actor=other.test_key, endpoint=made["endpoint"], **more)
        assert code in {"NOT_FOUND", "WEBHOOK_ENDPOINT_NOT_FOUND"}, command


def test_a_tenant_has_so_many_and_not_one_more(acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST", 2)
    first = endpoint(acme, URL)
    endpoint(acme, URL)
    assert refused("webhooks.create_endpoint", actor=acme.test_key, url=URL) == "WEBHOOK_ENDPOINTS_ENOUGH"
    done("webhooks.remove_endpoint", actor=acme.test_key, endpoint=first["endpoint"], reason="old")
    endpoint(acme, URL)


def test_the_key_of_a_tenant_is_one_and_is_rotated(acme: World) -> None:
    endpoint(acme, URL)
    endpoint(acme, URL)
    assert SigningKey.objects.filter(book=acme.test_book).count() == 1
    told = done("webhooks.rotate_signing_key", actor=acme.test_key, overlap_hours=1)
    assert told["public"].startswith("whpk_")
    assert SigningKey.objects.filter(book=acme.test_book, ends_at=None).count() == 1
    assert SigningKey.objects.filter(book=acme.test_book).count() == 2


def test_a_rotation_ends_all_that_sign_and_keeps_few_beside(acme: World) -> None:
    made = endpoint(acme, URL)
    for _ in range(5):
        done("webhooks.rotate_secret", actor=acme.test_key, endpoint=made["endpoint"], overlap_hours=168)
    now = clock.now()
    ends = list(EndpointSecret.objects.order_by("-created_at").values_list("ends_at", flat=True))
    assert [each is None or each > now for each in ends] == [True, True, True, True, False, False]
    done("webhooks.rotate_secret", actor=acme.test_key, endpoint=made["endpoint"], overlap_hours=0)
    ends = list(EndpointSecret.objects.order_by("-created_at").values_list("ends_at", flat=True))
    assert [each is None or each > clock.now() for each in ends] == [True] + [False] * 6


def test_a_disabled_endpoint_hears_nothing_and_then_all_in_order(acme: World, receiver: Receiver) -> None:
    made = endpoint(acme, receiver.url, types=["wallet.created"], most_at_once=1)
    done("webhooks.disable_endpoint", actor=acme.test_key, endpoint=made["endpoint"], reason="work")
    wallets = [happens(acme) for _ in range(5)]
    deliver()
    assert receiver.received == []
    done("webhooks.enable_endpoint", actor=acme.test_key, endpoint=made["endpoint"])
    deliver()
    assert receiver.subjects == wallets


def test_a_removed_endpoint_is_never_heard_of_again(acme: World, receiver: Receiver) -> None:
    made = endpoint(acme, receiver.url)
    done("webhooks.remove_endpoint", actor=acme.test_key, endpoint=made["endpoint"], reason="old")
    happens(acme)
    deliver()
    assert receiver.received == []
    code = refused("webhooks.enable_endpoint", actor=acme.test_key, endpoint=made["endpoint"])
    assert code == "WEBHOOK_ENDPOINT_UNFIT"
