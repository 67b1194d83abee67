"""Input of the door's own commands."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.serializer_fields import FileField, IdField, NoteField, TextField
from apps.operations import subjects
from apps.operations.models import FlagScope


class SetFeatureFlagInput(serializers.Serializer[Any]):
    name = TextField(
        max_length=60,
        pattern=r"[A-Za-z0-9_-]+\Z",
        help_text=_("The name of the flag, such as core_wallet_enabled."),
    )
    scope = serializers.ChoiceField(FlagScope.choices, help_text=_("What it switches."))
    scope_id = TextField(
        max_length=60,
        default="",
        allow_blank=True,
        help_text=_("Which tenant, currency or provider; empty for everything."),
    )
    enabled = serializers.BooleanField(help_text=_("No refuses at the door whatever touches it."))
    reason = TextField(
        max_length=500, help_text=_("Why, in words that somebody understands a year from now.")
    )


class ResetKeyInput(serializers.Serializer[Any]):
    operation = IdField("op", help_text=_("The refused operation whose key is freed; its row stays."))
    reason = TextField(
        max_length=500, help_text=_("Why, in words that somebody understands a year from now.")
    )


class _BesideInput(serializers.Serializer[Any]):
    subject = TextField(
        max_length=subjects.LONGEST,
        pattern=rf"[a-z]{{2,4}}_[0-9a-z]{{26}}|[a-z]{{1,20}}\.[a-z]{{1,20}}:({subjects.NUMBER}|{subjects.NAME})",
        help_text=_(
            "The id of what it stands beside, such as wal_… or je_…, or such as ledger.account:7 or ledger.template:pay_in."
        ),
    )


class AddNoteInput(_BesideInput):
    text = NoteField(max_length=4_000, help_text=_("What other operators should know. It cannot be changed."))


class AssignInput(_BesideInput):
    assignee = IdField(
        "usr",
        default=None,
        allow_null=True,
        help_text=_("Who looks after it; the start of an e-mail address finds them. Empty is nobody."),
    )
    reason = TextField(max_length=500, default="", allow_blank=True, help_text=_("What is to be done."))


class AttachFileInput(_BesideInput):
    content = FileField(
        max_bytes=10 * 1024 * 1024,
        names={"name": "name", "sha256": "sha256"},
        help_text=_("A PDF, a picture, a text or a table of at most 10 MB. Choose it again after a preview."),
    )
    name = TextField(
        max_length=120,
        pattern=r"[^/\\\x00-\x1f\x7f]+\.[A-Za-z]{3,4}",
        help_text=_("What it is called, with its ending; left blank in a form it is the name of the file."),
    )
    sha256 = TextField(
        max_length=64,
        pattern="[0-9A-Fa-f]{64}",
        default="",
        allow_blank=True,
        help_text=_("Of the file, in hexadecimal; if it is given, another file is refused."),
    )
