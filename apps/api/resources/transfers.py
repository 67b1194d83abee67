"""Transfers and holds."""

from typing import Any

from rest_framework import serializers

from apps.api.resources.accounts import CREATED
from apps.api.resources.base import Computed, Filter, Resource, declare
from apps.api.resources.outputs import Output, anything, instant, notes, text
from apps.core.money import Money
from apps.core.serializer_fields import IdField, MoneyField, TextField
from apps.ledger.models import Hold
from apps.providers.models import Action, Attempt
from apps.transfers.flows import FLOWS
from apps.transfers.models import WITH_PROVIDER, Kind, Transfer
from apps.transfers.queries.standing import PUBLIC, told_to_tenants
from apps.transfers.words import PHASE, PUBLIC_STATUS, TYPE


class StatusesField(serializers.ChoiceField):
    """What tenants are told of a status, read as all that are told so."""

    def to_internal_value(self, data: Any) -> Any:
        """The statuses."""
        told = super().to_internal_value(data)
        return [status for status, public in PUBLIC_STATUS.items() if public == told]


class WalletPlaceField(IdField):
    """A wallet, read as the address of what it may spend."""

    def to_internal_value(self, data: Any) -> str:
        """The address."""
        return f"wallet:{super().to_internal_value(data)}:available"


class AnyLeftField(serializers.ChoiceField):
    """Something is left: above zero."""

    def to_internal_value(self, data: Any) -> Any:
        """Zero."""
        super().to_internal_value(data)
        return 0


def _if_any(minor: int | None, currency: str) -> Money | None:
    return None if minor is None or not currency else Money(minor, currency)


def _provider_status(kind: str, status: str) -> str | None:
    """The kind's word for waiting, while a provider has it."""
    flow = FLOWS.get(kind)
    return flow.waiting if flow and status in WITH_PROVIDER else None


def _names(words: Any) -> list[str]:
    return sorted(set(words.values()))


class TransferOutput(Output):
    id = IdField("trf")
    kind = serializers.ChoiceField(Kind.choices)
    type = serializers.ChoiceField(_names(TYPE))
    status = serializers.ChoiceField(_names(PUBLIC_STATUS))
    phase = serializers.ChoiceField(_names(PHASE))
    from_wallet = IdField("wal", source="source_wallet_id", allow_null=True)
    to_wallet = IdField("wal", source="destination_wallet_id", allow_null=True)
    amount = MoneyField()
    fee = MoneyField()
    reference = text(allow_blank=True, allow_null=True)
    description = text(allow_blank=True, allow_null=True)
    metadata = notes(allow_null=True)
    provider_reference = text(allow_blank=True, allow_null=True)
    failure_code = text(allow_blank=True, allow_null=True)
    failure_message = text(allow_blank=True, allow_null=True)
    hold = IdField("hld", source="hold_id", allow_null=True)
    refund_of = IdField("trf", source="refund_of_id", allow_null=True)
    escrow = IdField(
        "trf", source="escrow_id", allow_null=True, help_text="The transfer whose escrow a release gives out."
    )
    recipient = IdField("rcp", source="recipient_id", allow_null=True)
    approval_request = IdField("apr", source="approval_request_id", allow_null=True)
    fees = serializers.ListField(
        child=anything(), allow_null=True, help_text="What the fee is made of; empty means none."
    )
    received = MoneyField(allow_null=True, help_text="What was got for it, where something was bought.")
    settled = MoneyField(allow_null=True, help_text="What the provider paid of the amount.")
    returned = MoneyField(allow_null=True, help_text="What came back of it.")
    provider_status = text(
        allow_null=True, allow_blank=True, help_text="In which hands it is while a provider has it."
    )
    waits_for = serializers.ChoiceField(
        sorted(set(PUBLIC.values())),
        allow_null=True,
        help_text="Whose move it is: yours, other people's, the provider's; none once it has ended.",
    )
    expected_at = instant(allow_null=True, help_text="When it should have arrived.")
    expires_at = instant(
        allow_null=True, help_text="Until when it must be confirmed, or agreed to by others."
    )
    next_try_at = instant(allow_null=True, source="next_attempt_at", help_text="When it is looked at next.")
    compensation = anything(allow_null=True, help_text="What was given back, and why, where it was.")
    operation = IdField("op", source="operation_id", allow_null=True)
    created_at = instant()
    ended_at = instant(allow_null=True)


declare(
    Resource(
        path="transfers",
        name="transfer",
        summary="Transfers, also those that another tenant made to yours",
        description="Of another tenant's, its reference, notes and operation are left out.",
        model=Transfer,
        output=TransferOutput,
        scope="transfers:read",
        owner="book_id",
        shared_with="counterparty_book_id",
        private=frozenset(
            {
                "description",
                "escrow",
                "failure_code",
                "failure_message",
                "fee",
                "hold",
                "metadata",
                "operation",
                "provider_reference",
                "reference",
                "refund_of",
                "recipient",
                "approval_request",
                "fees",
                "received",
                "settled",
                "returned",
                "provider_status",
                "waits_for",
                "expected_at",
                "expires_at",
                "next_try_at",
                "compensation",
            }
        ),
        key_prefix="trf",
        filters={
            "reference": Filter("reference", TextField(max_length=120), "Your own name for it."),
            "provider_reference": Filter("provider_reference", TextField(max_length=120)),
            "kind": Filter("kind", serializers.ChoiceField(Kind.choices)),
            "status": Filter("status__in", StatusesField(_names(PUBLIC_STATUS))),
            "from_wallet": Filter("source_wallet_id", IdField("wal")),
            "to_wallet": Filter("destination_wallet_id", IdField("wal")),
            "escrow": Filter("escrow_id", IdField("trf"), "What was released of it."),
            **CREATED,
        },
        computed={
            "type": Computed(("kind",), lambda kind: TYPE[kind]),
            "status": Computed(("status",), lambda status: PUBLIC_STATUS[status]),
            "phase": Computed(("status",), lambda status: PHASE[status]),
            "amount": Computed(("amount", "currency"), Money),
            "fee": Computed(("fee", "currency"), Money),
            "received": Computed(("received", "received_currency"), _if_any),
            "settled": Computed(("settled", "currency"), _if_any),
            "returned": Computed(("returned", "currency"), Money),
            "waits_for": Computed(("status", "kind", "expires_at"), told_to_tenants),
            "provider_status": Computed(("kind", "status"), _provider_status),
        },
    )
)


class AttemptOutput(Output):
    id = IdField("ptm")
    transfer = text(source="subject")
    action = serializers.ChoiceField(Action.choices)
    provider = text(source="provider__name")
    reference = text(help_text="Under what name the provider knows it.")
    sent = anything(help_text="What was asked, without the recipient's details.")
    started_at = instant()
    outcome = text(source="answer__outcome", allow_null=True, help_text="None while it is not answered.")
    code = text(source="answer__code", allow_null=True, allow_blank=True)
    message = text(source="answer__message", allow_null=True, allow_blank=True)
    took_ms = serializers.IntegerField(source="answer__took", allow_null=True)


declare(
    Resource(
        path="attempts",
        name="attempt",
        summary="What was asked of providers about your transfers, and what they answered",
        model=Attempt,
        output=AttemptOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="ptm",
        filters={"transfer": Filter("subject", IdField("trf"))},
    )
)


class HoldOutput(Output):
    id = IdField("hld")
    wallet = IdField("wal", allow_null=True)
    account = text(source="account.address")
    amount = MoneyField()
    remaining = MoneyField(help_text="What was neither settled nor released.")
    entry = IdField("je", source="opened_by_id")
    opened_at = instant()
    changed_at = instant()


def _wallet(address: str) -> str | None:
    parts = address.split(":")
    return parts[1] if parts[0] == "wallet" and len(parts) == 3 else None


declare(
    Resource(
        path="holds",
        name="hold",
        summary="Holds",
        model=Hold,
        output=HoldOutput,
        scope="transfers:read",
        owner="book_id",
        key_prefix="hld",
        filters={
            "wallet": Filter("account__address", WalletPlaceField("wal")),
            "remaining": Filter("remaining__gt", AnyLeftField(["some"]), "some: what is still held."),
        },
        computed={
            "wallet": Computed(("account__address",), _wallet),
            "amount": Computed(("amount", "account__currency"), Money),
            "remaining": Computed(("remaining", "account__currency"), Money),
        },
    )
)
