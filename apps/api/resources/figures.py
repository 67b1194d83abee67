"""How balances, statements, totals, statistics and health are shown."""

from rest_framework import serializers

from apps.accounts.models import WalletCategory
from apps.api.resources.outputs import Output, anything, day, instant, number, text
from apps.core.serializer_fields import CurrencyField, IdField, MoneyField
from apps.operations.models import OperationStatus

AS_OF = "The day up to which it counts; empty for all."
POSITION = "The position at which it was known; empty for now."


class WalletBalancesOutput(Output):
    wallet = IdField("wal")
    currency = CurrencyField()
    category = serializers.ChoiceField(WalletCategory.choices)
    available = MoneyField(help_text="What may be spent.")
    held = MoneyField(help_text="What is reserved.")
    owed = MoneyField(help_text="What is owed to us.")
    total = MoneyField(help_text="Available and held, less owed.")
    as_of = day(allow_null=True, help_text=AS_OF)
    position = number(allow_null=True, help_text=POSITION)


class AccountBalanceOutput(Output):
    address = text()
    currency = CurrencyField()
    balance = MoneyField()
    as_of = day(allow_null=True, help_text=AS_OF)
    position = number(allow_null=True, help_text=POSITION)


class StatementLineOutput(Output):
    sequence = number(help_text="Its place among all lines of the account.")
    entry = IdField("je")
    reference = text()
    kind = text()
    description = text(allow_blank=True)
    amount = MoneyField(help_text="Above zero came in, below went out.")
    balance = MoneyField(help_text="After this line.")
    effective_on = day()
    intended_on = day(allow_null=True, help_text="When it should have counted, if that day was closed.")
    recorded_at = instant()


class StatementOutput(Output):
    account = text()
    currency = CurrencyField()
    opening = MoneyField(help_text="Before the oldest line of the page.")
    closing = MoneyField(help_text="After the newest line of the page.")
    as_of = day(allow_null=True, help_text=AS_OF)
    position = number(allow_null=True, help_text=POSITION)
    items = StatementLineOutput(many=True)
    next = text(allow_null=True)
    previous = text(allow_null=True)


class TotalOutput(Output):
    category = serializers.ChoiceField(WalletCategory.choices)
    currency = CurrencyField()
    wallets = number()
    available = MoneyField()
    held = MoneyField()
    owed = MoneyField()
    total = MoneyField()


class InBaseOutput(Output):
    total = MoneyField(help_text="At the last published rates.")
    unknown = serializers.ListField(child=MoneyField(), help_text="What is in no total, as it has no rate.")


class TotalsOutput(Output):
    tenant = IdField("ten")
    base_currency = CurrencyField()
    items = TotalOutput(many=True)
    in_base = InBaseOutput()


class QuoteOutput(Output):
    source = text()  # type: ignore[assignment]
    base = CurrencyField()
    currency = CurrencyField()
    rate = text(help_text="What one of the base costs, exactly as it was published.")
    day = day(help_text="On which it was published.")


class RatesOutput(Output):
    on = day()
    items = QuoteOutput(many=True)


class OperationCountOutput(Output):
    command = text()
    status = serializers.ChoiceField(OperationStatus.choices)
    count = number()


class RefusalCountOutput(Output):
    command = text()
    code = text()
    count = number()


class StatisticsOutput(Output):
    since = day(help_text="The first day.")
    through = day(help_text="The last day.")
    operations = OperationCountOutput(many=True)
    refusals = RefusalCountOutput(many=True)
    volumes = serializers.ListField(child=MoneyField(), help_text="What came into accounts, by currency.")


class PartsOutput(Output):
    database = text()
    redis = text()
    workers = text()
    sequencer = text()


class HealthOutput(Output):
    status = serializers.ChoiceField(["ok", "degraded"])
    parts = PartsOutput()


class AliveOutput(Output):
    status = text()
    version = text()
    time = instant()


class BulkItemOutput(Output):
    index = number()
    status = number()
    operation = text(allow_null=True)
    replayed = serializers.BooleanField()
    result = anything(required=False)
    problem = anything(required=False)


class BulkItemsOutput(Output):
    items = BulkItemOutput(many=True)
    next = text(allow_null=True)
    previous = text(allow_null=True)
