"""Messages for endpoints, and the evidence of each time that one was sent."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from django.contrib import admin
from django.db.models import BinaryField, Func, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from apps.console.forms.outcomes import page_of
from apps.console.forms.ways import Doing, doings, form_url
from apps.console.listing import Column, Filter, KeysetAdmin, Search, Text
from apps.console.pages.inbox import SHOWN, readable
from apps.console.pages.webhooks import OF_ENDPOINT, OF_TENANT
from apps.console.readonly import Context
from apps.console.site import site
from apps.core import clock
from apps.operations import event_types
from apps.webhooks.message import Message
from apps.webhooks.models import Attempt, Delivery, DeliveryStatus, EndpointStatus
from apps.webhooks.queries.messages import message_of
from apps.webhooks.queries.receipts import Receipt, receipts_of

MOST = 20
"""Attempts of one page; the list of attempts has the rest."""
AGAIN, AGAIN_MANY = "webhooks.retry_delivery", "webhooks.retry_deliveries"
ACKNOWLEDGE = "webhooks.acknowledge_deliveries"
STATES: Mapping[str, Mapping[str, Any]] = {
    **{each.value: {"status": each.value} for each in DeliveryStatus},
    "failed": {"status": DeliveryStatus.FAILED, "acknowledged_in__isnull": True},
    "acknowledged": {"acknowledged_in__isnull": False},
}
"""What has failed is to be looked at by somebody, or was."""


def state_choices() -> Iterable[tuple[str, Text]]:
    """Every state of a delivery as the list tells them apart."""
    return [*DeliveryStatus.choices, ("acknowledged", _("Acknowledged"))]


def type_choices() -> Iterable[tuple[str, Text]]:
    """Every type of event by its name."""
    return [(name, name) for name in dict.fromkeys(each.name for each in event_types.all_types())]


@admin.register(Delivery, site=site)
class DeliveryAdmin(KeysetAdmin):
    """Every message for every endpoint, the newest first."""

    called = _("Deliveries")
    list_template = "console/webhook/deliveries.html"
    related = ("book", "endpoint", "acknowledged_in")
    columns = (
        Column(_("Delivery")),
        Column(_("Endpoint"), "wide"),
        Column(_("Attempts"), "number wide"),
        Column(_("Why it was not accepted"), "wide"),
        Column(_("Next try"), "wide"),
        Column(_("Status")),
    )
    in_files = {
        "Id": "id",
        "Tenant": "book.slug",
        "Endpoint": "endpoint_id",
        "Address": "endpoint.url",
        "Kind": "kind",
        "Type": "type",
        "Subject": "subject",
        "Message": "message",
        "Position": "position",
        "Status": "status",
        "Attempts": "attempts",
        "Sent again": "runs",
        "Failure": "failure",
        "Answered": "answered",
        "Next try": "next_attempt_at",
        "Created at": "created_at",
        "First accepted at": "delivered_at",
        "Ended at": "ended_at",
        "Acknowledged at": lambda row: row.acknowledged_in and row.acknowledged_in.recorded_at,
        "Acknowledged by": lambda row: row.acknowledged_in and row.acknowledged_in.actor_label,
        "Why": lambda row: row.acknowledged_in and row.acknowledged_in.input["reason"],
    }
    row_template = "console/row/delivery.html"
    page_template = "console/page/delivery.html"
    empty_template = "console/empty/deliveries.html"
    tabs = "status"
    filters = (
        Filter("status", _("Status"), choices=state_choices, conditions=STATES),
        OF_ENDPOINT,
        Filter("type", _("Type"), choices=type_choices),
        OF_TENANT,
    )
    search = Search("subject", ("-id",), _("what it is about"))

    def rows(self) -> QuerySet[Any]:
        """All rows without bodies, and without the headers of endpoints, which are secret."""
        return super().rows().defer("body", "endpoint__headers_text")

    def doings(self, request: HttpRequest, row: Delivery | None = None) -> list[Doing]:
        """Send this one again, or let it be; send a range of an endpoint again."""
        if row is None:
            return doings(request, ("webhooks.replay_range", {"endpoint": request.GET.get("endpoint")}))
        again = [(AGAIN, {"delivery": row.pk})] if may_go_again(row) else []
        seen = [(ACKNOWLEDGE, {"deliveries.0": row.pk})] if may_be_acknowledged(row) else []
        return doings(request, *again, *seen)

    def list_context(self, request: HttpRequest) -> Context:
        """The list, and what sends those of it again that are ticked, or acknowledges them."""
        context = super().list_context(request)
        rows = context["rows"]
        again = _for_many(request, AGAIN_MANY, [row.pk for row in rows if may_go_again(row)])
        seen = _for_many(request, ACKNOWLEDGE, [row.pk for row in rows if may_be_acknowledged(row)])
        return {**context, "again": again, "acknowledge": seen}

    def decorate(self, rows: list[Any]) -> Sequence[Any]:
        """Each with whether something may be done with it beside others."""
        for row in rows:
            row.may_be_ticked = may_go_again(row) or may_be_acknowledged(row)
        return rows

    def page_context(self, request: HttpRequest, row: Delivery) -> Context:
        """The message as it is sent, and every attempt with its evidence."""
        message = message_of(row)
        found = Attempt.objects.filter(delivery=row).order_by("-id")
        return {
            "title": f"{row.type} {row.pk}",
            "message": message,
            "body": readable(message.body),
            "exact": message.body.decode()[:SHOWN],
            "about": page_of(row.subject) if row.subject != row.pk else None,
            "before": _before(row),
            "attempts": with_evidence(list(found[:MOST]), message),
            "is_more": found[MOST : MOST + 1].exists(),
        }


def may_go_again(row: Delivery) -> bool:
    """Whether the command that sends a message again would take it."""
    if row.endpoint.status != EndpointStatus.ENABLED or row.status == DeliveryStatus.QUEUED:
        return False
    return row.status != DeliveryStatus.PENDING or row.attempts > 0


def may_be_acknowledged(row: Delivery) -> bool:
    """Whether the command that says that nothing is to be done would take it."""
    return row.status == DeliveryStatus.FAILED and row.acknowledged_in_id is None


def _for_many(request: HttpRequest, command: str, rows: Sequence[str]) -> dict[str, str] | None:
    """Where the form of a command is, for what is ticked and for all of the page; None if there is nothing that it takes."""
    if not (rows and doings(request, (command, {}))):
        return None
    every = {f"deliveries.{number}": pk for number, pk in enumerate(rows)}
    return {"ticked": form_url(command), "all": form_url(command, every)}


def _before(row: Delivery) -> Delivery | None:
    """What is sent before one that waits: another message about the same object."""
    if row.status != DeliveryStatus.QUEUED:
        return None
    lane = Delivery.objects.filter(endpoint=row.endpoint_id, subject=row.subject, runs=0)
    return lane.filter(status=DeliveryStatus.PENDING).defer("body").order_by("position").first()


def with_evidence(rows: Sequence[Attempt], message: Message | None = None) -> list[Context]:
    """Attempts with their receipts, their answers to be read, and whether what was sent is this message."""
    receipts = receipts_of([row.pk for row in rows])
    return [
        {
            "row": row,
            "receipt": receipts[row.pk],
            "answer": readable(row.answer),
            "is_same": message is None or bytes(row.body_sha256) == message.sha256,
        }
        for row in rows
    ]


@admin.register(Attempt, site=site)
class AttemptAdmin(KeysetAdmin):
    """Every time that a message was sent, the newest first. As a file it is the receipts: all that is sealed, and the seals."""

    called = _("Attempts")
    related = ("endpoint", "delivery")
    columns = (
        Column(_("Attempt")),
        Column(_("Endpoint"), "wide"),
        Column(_("Address"), "wide"),
        Column(_("Took"), "number wide"),
        Column(_("Place in the chain"), "number wide"),
        Column(_("Outcome")),
    )
    in_files = {
        "Id": "row.id",
        "Delivery": "row.delivery_id",
        "Endpoint": "row.endpoint_id",
        "Book": "row.book_id",
        "Run": "row.run",
        "Attempt": "row.number",
        "Began at": "row.began_at",
        "URL": "row.url",
        "Request headers": "row.request_headers",
        "Body SHA-256": lambda one: bytes(one["row"].body_sha256).hex(),
        "Body bytes": "row.body_bytes",
        "Failure": "row.failure",
        "Why": "row.why",
        "Address": "row.address",
        "TLS": "row.tls",
        "Answered": "row.answered",
        "Answer headers": "row.answer_headers",
        "Answer SHA-256": lambda one: bytes(one["row"].answer_sha256).hex(),
        "Took ms": "row.took_ms",
        "Ordinal": "row.ordinal",
        "Place": "receipt.position",
        "Seal before": "receipt.before",
        "Seal": "receipt.hash",
        "Sealed at": "receipt.sealed_at",
        "Sealed text": "receipt.text",
    }
    row_template = "console/row/webhook_attempt.html"
    page_template = "console/page/webhook_attempt.html"
    empty_template = "console/empty/attempts.html"
    filters = (OF_ENDPOINT, Filter("delivery", _("Delivery"), lookup="delivery"))

    def get_urls(self) -> list[URLPattern]:
        """The receipt, then the pages of every list."""
        receipt = self.admin_site.admin_view(self.receipt_view)
        return [path("<str:object_id>/receipt/", receipt, name="webhook_receipt"), *super().get_urls()]

    def rows(self) -> QuerySet[Any]:
        """All rows with the hash of the answer in its place, and without what is secret."""
        hashed = Func("answer", function="sha256", output_field=BinaryField())
        found: QuerySet[Any] = super().rows().annotate(answer_sha256=hashed)
        return found.defer("answer", "delivery__body", "endpoint__headers_text")

    def decorate(self, rows: list[Any]) -> list[Any]:
        """Each with its receipt."""
        receipts = receipts_of([row.pk for row in rows])
        return [{"row": row, "receipt": receipts[row.pk]} for row in rows]

    def page_context(self, request: HttpRequest, row: Attempt) -> Context:
        """All that is known of it."""
        title = _("Attempt %(number)s of %(type)s") % {"number": row.number, "type": row.delivery.type}
        return {"title": title, "one": with_evidence([row], message_of(row.delivery))[0]}

    def receipt_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The evidence of one attempt as JSON, by which anybody can check its seal."""
        self.allow(request)
        row = self.find(object_id)
        told = receipt_of(row, message_of(row.delivery), receipts_of([row.pk])[row.pk])
        answer = HttpResponse(json.dumps(told, indent=2, ensure_ascii=False), content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="receipt-{row.pk}.json"'
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "no-store"
        return answer


def receipt_of(row: Attempt, message: Message, receipt: Receipt) -> Context:
    """An attempt as its receipt tells it. Bytes that need not be text are in base64."""
    answer = bytes(row.answer)
    return {
        "attempt": row.pk,
        "delivery": row.delivery_id,
        "endpoint": row.endpoint_id,
        "run": row.run,
        "number": row.number,
        "began_at": clock.written(row.began_at.astimezone(UTC)),
        "url": row.url,
        "request_headers": row.request_headers,
        "body": message.body.decode(),
        "body_sha256": bytes(row.body_sha256).hex(),
        "failure": row.failure,
        "why": row.why,
        "address": row.address,
        "tls": row.tls,
        "head_ms": row.head_ms,
        "took_ms": row.took_ms,
        "answered": row.answered,
        "answer_headers": row.answer_headers,
        "answer_base64": base64.b64encode(answer).decode(),
        "answer_sha256": hashlib.sha256(answer).hexdigest(),
        "answer_is_cut": row.is_cut,
        "seal": {
            "position": receipt.position,
            "text": receipt.text,
            "before": receipt.before,
            "hash": receipt.hash,
            "sealed_at": receipt.sealed_at and clock.written(receipt.sealed_at.astimezone(UTC)),
            "how": "hash = sha256(the bytes of before, then text in UTF-8)",
        },
    }
