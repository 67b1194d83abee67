"""Transfers: how far each is, everything that happened to it, and what can be done with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from apps.console.durations import in_short
from apps.console.forms.ways import Doing, doings
from apps.console.listing import Column, Filter, KeysetAdmin, Search, Text
from apps.console.readonly import Context
from apps.console.reviewing import Review, reviews
from apps.console.site import site
from apps.core import clock
from apps.core.money import Money
from apps.ledger.models import Account, Hold, JournalEntry
from apps.operations.models import ApprovalRequest
from apps.providers.models import PaymentStatus, Provider, RailPayment
from apps.transfers.arrivals import Deposit
from apps.transfers.models import BEFORE_SENDING, Kind, Status, Transfer
from apps.transfers.printed import proof_of_payment
from apps.transfers.queries import standing
from apps.transfers.queries.escrow import address_of, left_in
from apps.transfers.queries.filed import filed
from apps.transfers.queries.proof import NotProven, is_proven, proof
from apps.transfers.queries.standing import LIMITS, Level
from apps.transfers.queries.timeline import Source, Step, timeline
from apps.transfers.services.asking import next_cut_off
from apps.transfers.services.inquiries import is_recallable, is_traceable
from apps.transfers.services.reversals import REVERSIBLE
from apps.transfers.services.reviews import ASKABLE, RETRIABLE, REVIEWABLE
from apps.transfers.words import PHASE, PUBLIC_STATUS, TYPE

MANY = 100
"""Entries, refunds and releases of one page."""


@dataclass(frozen=True, slots=True)
class StuckFilter(Filter):
    """Those that should have moved by themselves and have not, the longest first."""

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows that have not moved for so long."""
        if value not in {*Level}:
            return queryset.none()
        return queryset.filter(stuck_from__lte=clock.now() - LIMITS[Level(value)])


def stuck_choices() -> Iterable[tuple[str, Text]]:
    """The levels, by how long it has not moved."""
    return [
        (level.value, _("Stuck for %(long)s or longer") % {"long": in_short(LIMITS[level])})
        for level in Level
    ]


def provider_choices() -> Iterable[tuple[str, Text]]:
    """The providers by name."""
    return list(Provider.objects.order_by("name").values_list("name", "title"))


@admin.register(Transfer, site=site)
class TransferAdmin(KeysetAdmin):
    """Every transfer of every tenant, the newest first."""

    related = ("book", "counterparty_book", "source_wallet", "destination_wallet", "recipient")
    columns = (
        Column(_("Transfer")),
        Column(_("From and to"), "wide"),
        Column(_("Asked for at"), "wide"),
        Column(_("Status")),
        Column(_("Amount"), "amount"),
    )
    in_files = {
        "Id": "row.id",
        "Kind": "row.kind",
        "Status": "row.status",
        "Waits for": "standing.waiting.words",
        "From wallet": "row.source_wallet_id",
        "To wallet": "row.destination_wallet_id",
        "Recipient": "row.recipient_id",
        "Provider": "row.provider",
        "Amount": "row.money",
        "Fee": "row.fee_money",
        "Currency": "row.currency",
        "Reference": "row.reference",
        "Description": "row.description",
        "Failure": "row.failure_code",
        "Asked for at": "row.created_at",
        "Ended at": "row.ended_at",
    }
    also_found_by = ("provider_reference",)
    row_template = "console/row/transfer.html"
    page_template = "console/page/transfer.html"
    empty_template = "console/empty/transfers.html"
    filters = (
        Filter("kind", _("Kind"), choices=lambda: Kind.choices),
        Filter("status", _("Status"), choices=lambda: Status.choices),
        Filter("provider", _("Provider"), choices=provider_choices),
        StuckFilter("stuck", _("Stuck"), choices=stuck_choices, keyset=("stuck_from", "id")),
        Filter("from", _("From"), lookup="source_wallet"),
        Filter("to", _("To"), lookup="destination_wallet"),
    )
    search = Search(
        "reference",
        ("book_id", "reference", "-id"),
        _("a tenant's reference"),
        condition={"reference__gt": ""},
        in_every_book=True,
    )

    def get_urls(self) -> list[URLPattern]:
        """The compensation report and the proof of payment to print, then the pages of every list."""
        report = self.admin_site.admin_view(self.report_view)
        proven = self.admin_site.admin_view(self.proof_view)
        return [
            path("<str:object_id>/report/", report, name="transfers_transfer_report"),
            path("<str:object_id>/proof/", proven, name="transfers_transfer_proof"),
            *super().get_urls(),
        ]

    def doings(self, request: HttpRequest, row: Transfer | None = None) -> list[Doing]:
        """Ask for one; do with this one what its status allows."""
        if row is None:
            names = ("create_payout", "create_transfer", "post_pay_in")
            return doings(request, *((f"transfers.{name}", {}) for name in names))
        return doings(request, *ways(row, filed(row)))

    def decorate(self, rows: list[Any]) -> list[Any]:
        """How each stands."""
        now = clock.now()
        return [{"row": row, "standing": standing.standing(row, now)} for row in rows]

    def page_context(self, request: HttpRequest, row: Transfer) -> Context:
        """What it is, where it stands, what happened, and what it is connected with."""
        now = clock.now()
        steps = timeline(row)
        return {
            "title": f"{row.get_kind_display()} {row.pk}",
            "now": now,
            "public_status": PUBLIC_STATUS[row.status],
            "phase": PHASE[row.status],
            "type": TYPE[row.kind],
            "standing": standing.standing(row, now),
            "next_cut_off": next_cut_off(row, now) if row.status in BEFORE_SENDING else None,
            "steps": steps,
            "operation": next((each.row for each in steps if each.row.pk == row.operation_id), None),
            "entries": _entries(row, steps),
            "hold": Hold.objects.filter(pk=row.hold_id).select_related("account").first(),
            "approval": ApprovalRequest.objects.filter(pk=row.approval_request_id).first(),
            "escrow_account": _escrow_account(row),
            "releases": list(row.releases.order_by("-id")[:MANY]),
            "refunds": list(row.refunds.order_by("-id")[:MANY]),
            "fees": [(each["name"], _money(each["amount"])) for each in row.fees],
            "review": _review(request, row),
            "deposit": _deposit(row),
            "filed": filed(row),
            "is_proven": is_proven(row),
            **inquiries_of(request, row),
            **amounts(row),
        }

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The compensation report by itself, to be printed."""
        self.allow(request)
        row = self.find(object_id)
        if row.compensation is None:
            raise Http404(_("Nothing was compensated here."))
        return self.render(request, "console/transfer/report_page.html", {"row": row})

    def proof_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The proof of payment as PDF."""
        self.allow(request)
        try:
            body = proof_of_payment(proof(self.find(object_id)))
        except NotProven as error:
            raise Http404(error.message) from None
        name = f'attachment; filename="proof-of-payment-{object_id}.pdf"'
        return HttpResponse(body, content_type="application/pdf", headers={"Content-Disposition": name})


def _deposit(row: Transfer) -> Deposit | None:
    """What a pay-in is, or before it was reversed was, the crediting of."""
    found = Deposit.objects.filter(transfer=row).first()
    if found or row.kind != Kind.PAY_IN or row.status != Status.REVERSED:
        return found
    provider = row.provider.removeprefix("provider:")
    return Deposit.objects.filter(provider__name=provider, reference=row.provider_reference).first()


def _escrow_account(row: Transfer) -> Account | None:
    """Where the money stands that it put in escrow."""
    if row.kind != Kind.ESCROW_HOLD:
        return None
    found = Account.objects.filter(book=row.book_id, address=address_of(row), currency=row.currency)
    return found.first()


def inquiries_of(request: HttpRequest, row: Transfer) -> Context:
    """What was asked of its provider about it, each with its answer, and what can be asked."""
    given = {"transfer": row.pk}
    asked = [
        (
            each,
            doings(request, *([("transfers.answer_inquiry", {"inquiry": each.pk})] if each.is_open else [])),
        )
        for each in row.inquiries.order_by("-id")[:MANY]
    ]
    open_kinds = {each.kind for each, _ways in asked if each.is_open}
    fits = {"recall": is_recallable(row), "trace": is_traceable(row)}
    wanted = [kind for kind, fit in fits.items() if fit and kind not in open_kinds]
    return {
        "inquiries": asked,
        "to_ask": doings(request, *((f"transfers.request_{kind}", given) for kind in wanted)),
    }


def ways(row: Transfer, payment: RailPayment | None = None) -> list[tuple[str, dict[str, object]]]:
    """The commands that the status of a transfer allows, filled in, and of its payment that may wait for a file; what ends a
    review stands beside its evidence."""
    given: dict[str, object] = {"transfer": row.pk}
    in_escrow = left_in(row) if row.kind == Kind.ESCROW_HOLD else None
    allowed = {
        "confirm_transfer": row.status == Status.INITIATED,
        "retry_transfer": row.status in RETRIABLE
        and row.next_attempt_at is not None
        and not (row.status == Status.SENT_TO_PROVIDER and row.attempt_id),
        "requery_transfer": row.status in ASKABLE - {Status.MANUAL_REVIEW} and row.attempt_id is not None,
        "review_transfer": row.status in REVIEWABLE and row.kind != Kind.PAY_IN,
        "cancel_transfer": row.status in BEFORE_SENDING
        or (row.status == Status.SENT_TO_PROVIDER and row.attempt_id is None)
        or (payment is not None and payment.status == PaymentStatus.WAITING),
        "release_escrow": in_escrow is not None and in_escrow.is_positive,
        "create_refund": row.kind == Kind.PAY_IN and row.status == Status.COMPLETED,
        "reverse_transfer": row.kind in REVERSIBLE
        and row.status == Status.COMPLETED
        and in_escrow in {None, row.money},
    }
    return [
        (f"transfers.{name}", {"escrow": row.pk} if name == "release_escrow" else given)
        for name, fits in allowed.items()
        if fits
    ]


def amounts(row: Transfer) -> Context:
    """What was paid, delivered, returned and is in escrow, where that is known."""
    return {
        "in_escrow": left_in(row) if row.kind == Kind.ESCROW_HOLD else None,
        "settled": None if row.settled is None else Money(row.settled, row.currency),
        "received": None if row.received is None else Money(row.received, row.received_currency),
        "returned": Money(row.returned, row.currency) if row.returned else None,
    }


def _money(told: Any) -> Money:
    return Money.parse(told["amount"], told["currency"])


def _review(request: HttpRequest, row: Transfer) -> Review | None:
    return reviews(request, [row])[0] if row.status == Status.MANUAL_REVIEW else None


def _entries(row: Transfer, steps: Iterable[Step]) -> list[JournalEntry]:
    """What it posted: the entries of the commands that told of it."""
    made = {each.row.operation_id for each in steps if each.source == Source.EVENT}  # type: ignore[attr-defined]
    found = JournalEntry.objects.filter(operation_id__in=[*made, row.operation_id])
    return list(found.select_related("book").order_by("ordinal")[:MANY])
