"""Input of the ledger's commands. They look at the input alone: what must stand in the books, the plan checks."""

from typing import Any

from rest_framework import serializers

from apps.core.serializer_fields import CurrencyField, IdField, InstantField, MoneyField, TextField
from apps.ledger.models import Cadence, FreezeDirection, LatePolicy
from apps.ledger.renderers import FORMATS
from apps.ledger.reports import REPORTS

ADDRESS = r"[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*\Z"


class AddressField(TextField):
    """The address of an account: segments of letters, digits, `_` and `-`, joined by colons."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, pattern=ADDRESS, **kwargs)


class BookField(TextField):
    """The slug of a book."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, pattern=r"[A-Za-z0-9_-]+\Z", **kwargs)


class KindField(TextField):
    """What an entry tells of, in one word."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, pattern=r"[a-z0-9_]+\Z", **kwargs)


class ReasonField(TextField):
    """Why, in words; never empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=500, **kwargs)


class FloorField(TextField):
    """The lowest balance as shown, in decimal digits such as `0` or `-500.00`; null is no floor."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, pattern=r"-?[0-9]{1,38}(\.[0-9]{1,18})?\Z", allow_null=True, **kwargs)


class OpenAccountInput(serializers.Serializer[Any]):
    book = BookField()
    address = AddressField()
    currency = CurrencyField()
    gl_code = TextField(max_length=20, pattern=r"[0-9]+\Z", default=None, allow_null=True)
    side = serializers.ChoiceField(["credit", "debit"], default=None, allow_null=True)
    name = TextField(max_length=200, default="", allow_blank=True)
    floor = FloorField(default=None)
    names_holds = serializers.BooleanField(default=None, allow_null=True)


class SetFloorInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    currency = CurrencyField()
    floor = FloorField()


class OpeningBalanceInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    amount = MoneyField()
    effective_at = InstantField(default=None, allow_null=True)


class CorrectionInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    direction = serializers.ChoiceField(["credit", "debit"])
    amount = MoneyField(positive=True)
    reason = ReasonField()
    related_type = TextField(max_length=60)
    related_id = TextField(max_length=60)
    effective_at = InstantField(default=None, allow_null=True)


class ReversalInput(serializers.Serializer[Any]):
    entry = IdField("je")
    reason = ReasonField()
    effective_at = InstantField(default=None, allow_null=True)


class ImportedEntryInput(serializers.Serializer[Any]):
    book = BookField()
    reference = TextField(max_length=200)
    kind = KindField()
    source = AddressField()  # type: ignore[assignment]  # DRF's fields have an attribute of this name
    destination = AddressField()
    amount = MoneyField(positive=True)
    effective_at = InstantField(default=None, allow_null=True)
    description = TextField(max_length=500, default="", allow_blank=True)
    metadata = serializers.DictField(default=dict)


class TemplateEntryInput(serializers.Serializer[Any]):
    book = BookField()
    reference = TextField(max_length=200)
    template = KindField()
    variables = serializers.DictField()
    kind = KindField(default="", allow_blank=True)
    effective_at = InstantField(default=None, allow_null=True)
    description = TextField(max_length=500, default="", allow_blank=True)
    metadata = serializers.DictField(default=dict)


class PlaceHoldInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    held_account = AddressField()
    amount = MoneyField(positive=True)
    reason = ReasonField()


class SettleHoldInput(serializers.Serializer[Any]):
    hold = IdField("hld")
    destination = AddressField()
    amount = MoneyField(positive=True, default=None, allow_null=True)
    release_rest = serializers.BooleanField(default=False)
    reason = ReasonField()


class ReleaseHoldInput(serializers.Serializer[Any]):
    hold = IdField("hld")
    amount = MoneyField(positive=True, default=None, allow_null=True)
    reason = ReasonField()


class FreezeInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    currency = CurrencyField()
    direction = serializers.ChoiceField(FreezeDirection.values)
    reason = ReasonField()
    expires_at = InstantField(default=None, allow_null=True)


class UnfreezeInput(serializers.Serializer[Any]):
    freeze = IdField("frz")
    reason = ReasonField()


class CloseAccountInput(serializers.Serializer[Any]):
    book = BookField()
    account = AddressField()
    currency = CurrencyField()
    reason = ReasonField()


class ClosePeriodInput(serializers.Serializer[Any]):
    book = BookField()
    through = serializers.DateField()
    reason = ReasonField()


class ReopenPeriodInput(serializers.Serializer[Any]):
    book = BookField()
    through = serializers.DateField(allow_null=True)
    for_adjustments = serializers.BooleanField(default=False)
    reason = ReasonField()


class SetLatePolicyInput(serializers.Serializer[Any]):
    book = BookField()
    policy = serializers.ChoiceField(LatePolicy.values)
    reason = ReasonField()


class ExportJournalInput(serializers.Serializer[Any]):
    book = BookField()
    through = serializers.IntegerField(min_value=1, max_value=2**63 - 1, default=None, allow_null=True)


class RebuildTemplatesInput(serializers.Serializer[Any]):
    """Nothing: the templates are files of this code."""


class RebuildStatementsInput(serializers.Serializer[Any]):
    book = BookField()


class RebuildCoaInput(serializers.Serializer[Any]):
    """Nothing: the chart is the file's."""


class RequestExportInput(serializers.Serializer[Any]):
    report = serializers.ChoiceField(list(REPORTS))
    format = serializers.ChoiceField(list(FORMATS))
    book = BookField(default=None, allow_null=True)
    since = serializers.DateField(default=None, allow_null=True)
    through = serializers.DateField(default=None, allow_null=True)
    position = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=None, allow_null=True)
    at = InstantField(default=None, allow_null=True)
    account = AddressField(default="", allow_blank=True)
    currency = CurrencyField(default=None, allow_null=True)
    gl_code = TextField(max_length=20, pattern=r"[0-9]+\Z", default="", allow_blank=True)
    by_account = serializers.BooleanField(default=False)


class ScheduleStatementInput(serializers.Serializer[Any]):
    book = BookField()
    report = serializers.ChoiceField([kind.name for kind in REPORTS.values() if kind.of_account])
    account = AddressField()
    currency = CurrencyField(default=None, allow_null=True)
    format = serializers.ChoiceField(list(FORMATS))
    cadence = serializers.ChoiceField(Cadence.values)
    first_day = serializers.DateField(default=None, allow_null=True)


class UnscheduleStatementInput(serializers.Serializer[Any]):
    schedule = IdField("sch")


class ExportStatementInput(serializers.Serializer[Any]):
    schedule = IdField("sch")
    first_day = serializers.DateField()
