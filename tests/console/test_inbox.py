"""Inbox and suspense as operators see them."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.deposit_references import grouped, reference_of
from apps.providers.models import InboundMessage
from apps.transfers.arrivals import Deposit
from tests.console.browsing import LOOKS, NEEDS_CHROMIUM, tell
from tests.console.inflows import INBOX, SUSPENSE, Scene
from tests.support.door import done
from tests.support.tenants import World


def addresses(scene: Scene) -> list[str]:
    """Every page about it."""
    transfer = Deposit.objects.get(pk=scene.credited).transfer_id
    return [
        "/ops/",
        INBOX,
        f"{INBOX}?status=quarantined",
        f"{INBOX}{scene.followed}/",
        f"{INBOX}{scene.quarantined}/",
        "/ops/providers/inboundconflict/",
        f"/ops/providers/inboundconflict/{scene.conflict}/",
        SUSPENSE,
        f"{SUSPENSE}?status=open",
        f"{SUSPENSE}{scene.credited}/",
        f"{SUSPENSE}{scene.suspended}/",
        "/ops/transfers/chargeback/",
        f"/ops/transfers/chargeback/{scene.chargeback}/",
        "/ops/transfers/virtualaccount/",
        f"/ops/transfers/virtualaccount/{scene.number}/",
        f"/ops/transfers/transfer/{transfer}/",
        f"/ops/do/transfers.assign_deposit/?deposit={scene.suspended}",
    ]


def text(client: Client, address: str) -> str:
    """A page, its blanks as one."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return " ".join(answer.content.decode().split())


def test_the_overview_says_what_needs_a_person(acme: World, console: Client) -> None:
    for told in ("quarantined", "contradicts", "in suspense", "to be posted"):
        assert told not in text(console, "/ops/")


def test_the_overview_leads_to_it(scene: Scene, console: Client) -> None:
    found = text(console, "/ops/")
    assert "messages are quarantined" in found
    assert "message contradicts an earlier one" in found
    assert "deposit is in suspense" in found
    assert "chargeback is to be posted" in found


def test_a_message_shows_how_it_came_and_what_was_made_of_it(scene: Scene, console: Client) -> None:
    found = text(console, f"{INBOX}{scene.followed}/")
    assert "Verified" in found
    assert f"{SUSPENSE}{scene.credited}/" in found
    assert "transfers.record_deposit" in found
    assert f"/ops/providers/inboundconflict/{scene.conflict}/" in found
    assert "sandbox-signature" in found
    assert "&quot;remitter&quot;: &quot;Ann Berg&quot;" in found


def test_what_came_is_never_a_part_of_the_page(scene: Scene, console: Client) -> None:
    unreadable = InboundMessage.objects.get(reference__startswith="unreadable:")
    assert "<b>no JSON</b>" not in text(console, f"{INBOX}{unreadable.pk}/")
    assert "<script>&quot;" not in text(console, f"/ops/providers/inboundconflict/{scene.conflict}/")


def test_the_inbox_is_narrowed(scene: Scene, console: Client) -> None:
    found = text(console, f"{INBOX}?status=quarantined")
    assert "sbe_unknown" in found
    assert "sbe_credited" not in found
    assert "sbe_credited" in text(console, f"{INBOX}?q={scene.credited}")


def test_who_may_is_offered_what_can_be_done(scene: Scene, console: Client, admin: Any) -> None:
    client = Client()
    client.force_login(admin)
    offered = {
        f"{INBOX}{scene.quarantined}/": ["providers.redrive_message", "providers.acknowledge_message"],
        f"/ops/providers/inboundconflict/{scene.conflict}/": ["providers.acknowledge_conflict"],
        f"{SUSPENSE}{scene.suspended}/": ["transfers.assign_deposit", "transfers.mark_for_return"],
        f"/ops/transfers/chargeback/{scene.chargeback}/": [
            "transfers.post_chargeback",
            "transfers.close_chargeback",
        ],
    }
    for address, commands in offered.items():
        for command in commands:
            assert f"/ops/do/{command}/" in text(client, address)
            assert f"/ops/do/{command}/" not in text(console, address)
    assert "/ops/do/providers.redrive_message/" not in text(client, f"{INBOX}{scene.followed}/")
    assert "/ops/do/transfers.assign_deposit/" not in text(client, f"{SUSPENSE}{scene.credited}/")


def test_what_is_to_be_sent_back_stays_on_the_desk_until_it_is(
    scene: Scene, console: Client, admin: Any
) -> None:
    client = Client()
    client.force_login(admin)
    page, given = (
        f"{SUSPENSE}{scene.suspended}/",
        {"deposit": scene.suspended, "reason": "Nobody knows them."},
    )
    done("transfers.close_chargeback", chargeback=scene.chargeback, note="They let go of it.")
    done("transfers.mark_for_return", **given)
    assert "deposit is to be sent back" in text(console, "/ops/")
    assert "<dt>Waits</dt>" in text(console, page)
    assert "/ops/do/transfers.return_deposit/" in text(client, page)
    assert "/ops/do/transfers.assign_deposit/" in text(client, page)
    done("transfers.return_deposit", reference="SEPA-1", **given)
    assert "to be sent back" not in text(console, "/ops/")
    found = text(console, page)
    assert "SEPA-1" in found
    assert "<dt>Waits</dt>" not in found
    assert "/ops/do/transfers.assign_deposit/" not in text(client, page)


def test_a_chargeback_says_why_it_waits(scene: Scene, console: Client) -> None:
    found = text(console, f"/ops/transfers/chargeback/{scene.chargeback}/")
    assert "<dt>Why it waits</dt><dd>The deposit is in suspense" in found


def test_a_wallet_shows_what_to_write_on_a_bank_transfer(scene: Scene, console: Client) -> None:
    shown = grouped(reference_of(scene.wallet))
    assert shown in text(console, f"/ops/accounts/wallet/{scene.wallet}/")


@NEEDS_CHROMIUM
@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_no_page_leaves_the_origin_overflows_or_fails(
    browse: Any, scene: Scene, theme: str, size: str
) -> None:
    wanted = addresses(scene)

    def steps(page: Any, origin: str) -> tuple[list[str], list[str]]:
        asked: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: tell(page, message, wrong))
        for address in wanted:
            page.goto(origin + address)
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            wrong.extend([f"{address} is {wide} px too wide"] if wide > 0 else [])
            wrong.extend(f"{address} {each}" for each in page.evaluate("window.refused"))
        return [url for url in asked if not url.startswith((origin, "data:"))], wrong

    assert browse(steps, theme, size) == ([], [])
