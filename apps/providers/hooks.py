"""Where providers report: `POST /hooks/<provider>/`, outside sessions and forms, answered once the message is stored."""

from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core import clock
from apps.providers.protocol import Envelope
from apps.providers.queries import routing
from apps.providers.services.receiving import Receipt, receive

LONGEST_BODY: Final = 1_000_000
LONGEST_FILE: Final = 20_000_000
"""Bytes of a message, and of a bank's file, which speaks of many payments."""

STATUS: Final[Mapping[Receipt, int]] = {
    Receipt.NEW: 202,
    Receipt.AGAIN: 200,
    Receipt.UNVERIFIED: 401,
    Receipt.CONFLICT: 409,
}
"""Why each: the README's "Answers"."""


@csrf_exempt
@require_POST
def hook(request: HttpRequest, provider: str) -> JsonResponse:
    """Store what a provider says; it is followed by a worker afterwards."""
    sender = routing.by_name(provider)
    if sender is None:
        return JsonResponse({"status": "unknown provider"}, status=404)
    longest = LONGEST_FILE if sender.makes_files else LONGEST_BODY
    body = request.read(longest + 1)
    if len(body) > longest:
        return JsonResponse({"status": f"more than {longest} bytes"}, status=413)
    envelope = Envelope({name.lower(): value for name, value in request.headers.items()}, body)
    received = receive(sender, envelope, address=_address(request), now=clock.now())
    return JsonResponse({"status": received.receipt}, status=STATUS[received.receipt])


def _address(request: HttpRequest) -> str:
    """Where it comes from: behind a proxy, the last address that the proxy itself has written."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return str(forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", ""))
