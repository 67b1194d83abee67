"""What comes from providers, for those who look at it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.providers.models import InboundConflict, InboundMessage
from apps.transfers.arrivals import Chargeback, Deposit, VirtualAccount
from tests.support import payouts
from tests.support.door import done
from tests.support.inbound import event, followed, send
from tests.support.sandbox import Sandbox
from tests.support.tenants import World

INBOX, SUSPENSE = "/ops/providers/inboundmessage/", "/ops/transfers/deposit/"


@dataclass(frozen=True)
class Scene:
    """Something of everything that comes from providers."""

    wallet: str
    followed: str
    quarantined: str
    unproven: str
    conflict: str
    credited: str
    suspended: str
    chargeback: str
    number: str


def inflows(acme: World) -> Scene:
    """Let something of everything come, and have it followed."""
    away = Sandbox(Path("nowhere"))
    away.url = "http://127.0.0.1:9"
    payouts.provider(away, options={"virtual_accounts": True})
    wallet = acme.wallet(name="Savings")
    told = {"id": "sbd_1", "amount": "25.00", "currency": "EUR", "remitter": "Ann Berg", "reference": wallet}
    send(event("deposit.received", **told), "sbe_credited")
    send(event("deposit.received", **told, memo="<script>"), "sbe_credited")
    lost = {"id": "sbd_2", "amount": "1200.00", "currency": "EUR", "remitter": "Bo Lind", "reference": "rent"}
    send(event("deposit.received", **lost), "sbe_lost")
    send(event("order.completed", status="completed"), "sbe_unknown")
    send(b"\xff <b>no JSON</b>", None)
    send(event("order.failed"), "sbe_forged", secret="other")
    back = {"id": "sbc_1", "amount": "25.00", "currency": "EUR", "deposit": "sbd_2", "reason": "fraud"}
    send(event("chargeback.opened", **back), "sbe_back")
    followed()
    made = done("transfers.request_virtual_account", wallet=wallet)

    def message(**named: Any) -> str:
        return str(InboundMessage.objects.get(**named).pk)

    return Scene(
        wallet=wallet,
        followed=message(reference="sbe_credited"),
        quarantined=message(reference="sbe_unknown"),
        unproven=message(verified=False),
        conflict=str(InboundConflict.objects.get().pk),
        credited=str(Deposit.objects.get(reference="sbd_1").pk),
        suspended=str(Deposit.objects.get(reference="sbd_2").pk),
        chargeback=str(Chargeback.objects.get().pk),
        number=str(VirtualAccount.objects.get(pk=made["virtual_account"]).pk),
    )
