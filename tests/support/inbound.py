"""Messages of providers as tests send and read them: by hand, or by the sandbox itself to a real server."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from django.test import Client

from apps.core import clock
from apps.providers.models import InboundMessage
from apps.providers.queries import routing
from apps.providers.services.inbox import Inbox
from tests.support.sandbox import SECRET, Sandbox


def hook_up(sandbox: Sandbox, url: str) -> None:
    """Let the sandbox report to a server of ours, to the provider `sandbox-<desk>`."""
    routing.forget()
    webhook = {"url": f"{url}/hooks/sandbox-{{desk}}/", "secret": SECRET, "ladder": "0.05"}
    sandbox.set(webhook=webhook)


def event(kind: str = "order.completed", **data: Any) -> bytes:
    """A message as the sandbox writes it."""
    told = {"type": kind, "created_at": "2026-11-21T12:00:00Z", "data": {"reference": "po_1", **data}}
    return json.dumps(told).encode()


def headers(
    body: bytes, name: str | None = "sbe_1", *, secret: str = SECRET, at: datetime | None = None
) -> dict[str, str]:
    """What proves that a message is the sandbox's."""
    seconds = int((at or clock.now()).timestamp())
    digest = hmac.new(secret.encode(), b"%d.%s" % (seconds, body), hashlib.sha256).hexdigest()
    found = {"Sandbox-Signature": f"t={seconds},v1={digest}"}
    return found | ({"Sandbox-Event-Id": name} if name else {})


def send(body: bytes, name: str | None = "sbe_1", *, to: str = "sandbox-bank", **more: Any) -> int:
    """Send a message by hand; the status of the answer."""
    given = headers(body, name, **more)
    return int(
        Client().post(f"/hooks/{to}/", body, content_type="application/json", headers=given).status_code
    )


def stored() -> list[InboundMessage]:
    """All messages, in the order in which they came."""
    return list(InboundMessage.objects.order_by("pk"))


def followed() -> int:
    """Let a worker follow what is due, all of it; how many messages that were."""
    inbox, touched = Inbox(), 0
    while done := inbox.turn():
        touched += done
    return touched
