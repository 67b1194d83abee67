"""Trying a program: a form drawn from its variables, and what a run of it would post. Nothing is stored or posted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.console import programs
from apps.core.currencies import all_currencies
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.ledger import templates
from apps.ledger.numscript.errors import NumscriptError, Place, Problem
from apps.ledger.numscript.inputs import Amounts, balances_of
from apps.ledger.numscript.machine import BalanceOf
from apps.ledger.numscript.pieces import pieces
from apps.ledger.numscript.program import Parameter, Program, Result, problems_of
from apps.ledger.numscript.specs import Example
from apps.ledger.numscript.static import static_problems
from apps.ledger.numscript.values import LONGEST_NAME

LONGEST_TEXT = 16_384
MOST_VARIABLES = 40
LONGEST_VALUE = 1_000
ROWS = 4
"""Balances that can be chosen."""

SHOWN = 200
"""Postings, and pieces of metadata, that are shown."""

HINTS = {
    "account": "wallet:wal_1:available",
    "asset": "EUR/2",
    "number": "42",
    "portion": "12.5%",
    "string": "",
}

USUAL = "EUR"
"""The currency that an amount has before any was chosen."""

ENOUGH, THESE = "enough", "these"


def currencies() -> list[tuple[str, str]]:
    """The codes that an amount can have."""
    return [(each.code, each.code) for each in all_currencies()]


class AmountField(forms.MultiValueField):
    """An amount and its currency, as Money."""

    def __init__(self, **kwargs: Any) -> None:
        digits = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "maxlength": 60})
        code = forms.Select(attrs={"aria-label": _("Currency")}, choices=currencies())
        widget = forms.MultiWidget({"amount": digits, "currency": code})
        fields = (forms.CharField(max_length=60), forms.ChoiceField(choices=currencies))
        super().__init__(fields, widget=widget, **kwargs)

    def compress(self, data_list: Sequence[str]) -> Money | None:
        """Money, or what is wrong with its digits."""
        if not data_list or not data_list[0]:
            return None
        try:
            return Money.parse(*data_list)
        except DomainError as error:
            raise ValidationError(error.message) from None


class TryForm(forms.Form):
    """The text, a field for each of its variables, and balances: none chosen is enough everywhere."""

    use_required_attribute = False

    text = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "maxlength": LONGEST_TEXT}),
    )
    enough = forms.ChoiceField(
        label=_("Balances"),
        choices=[
            (ENOUGH, _("None: every account has enough, which is how templates run")),
            (THESE, _("These, and nothing elsewhere")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, known: programs.Variables, data: Mapping[str, Any]) -> None:
        given = dict(data)
        super().__init__(given, auto_id="try_%s")
        self.known = known
        for parameter, _note in known:
            self.fields[f"var-{parameter.name}"] = _field(parameter)
        for row in range(ROWS):
            self.fields[f"account-{row}"] = forms.CharField(
                label=_("Account"), required=False, max_length=LONGEST_NAME, widget=_input("account")
            )
            self.fields[f"balance-{row}"] = AmountField(label=_("Balance"), required=False)
        chosen = next((code for name, code in data.items() if name.endswith("_currency")), USUAL)
        for name, each in self.fields.items():
            if isinstance(each, AmountField):
                given.setdefault(f"{name}_currency", chosen)

    def clean(self) -> dict[str, Any]:
        """A chosen balance is of an account."""
        for row in range(ROWS):
            account, balance = self._row(row)
            if balance and not account:
                self.add_error(f"account-{row}", gettext("Say which account has this balance."))
        return self.cleaned_data

    @property
    def given(self) -> list[tuple[Parameter, str, forms.BoundField]]:
        """The variables, each with its comment and its field."""
        return [(each, note, self[f"var-{each.name}"]) for each, note in self.known]

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of the chosen balances."""
        return [(self[f"account-{row}"], self[f"balance-{row}"]) for row in range(ROWS)]

    @property
    def variables(self) -> dict[str, Any]:
        """The variables as a program takes them."""
        values = ((each.name, self.cleaned_data[f"var-{each.name}"]) for each, _note in self.known)
        return {
            name: templates.monetary(value) if isinstance(value, Money) else value for name, value in values
        }

    @property
    def balances(self) -> BalanceOf | None:
        """The chosen balances, None where every account has enough."""
        if self.cleaned_data["enough"] == ENOUGH:
            return None
        found: Amounts = {}
        for account, balance in map(self._row, range(ROWS)):
            if balance:
                found[account, templates.asset_of(balance.currency)] = balance.minor
        return balances_of(found)

    def _row(self, row: int) -> tuple[str, Money | None]:
        return self.cleaned_data.get(f"account-{row}", ""), self.cleaned_data.get(f"balance-{row}")


def _field(parameter: Parameter) -> forms.Field:
    if parameter.type == "monetary":
        return AmountField(label=f"${parameter.name}")
    return forms.CharField(
        label=f"${parameter.name}",
        required=parameter.type != "string",
        max_length=LONGEST_VALUE,
        widget=_input(parameter.type),
    )


def _input(type_: str) -> forms.TextInput:
    return forms.TextInput(
        attrs={"placeholder": HINTS[type_], "autocomplete": "off", "spellcheck": "false", "class": "mono"}
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying a text: a result, or what is wrong; neither while the form is not filled in.

    `unfit` is why the books would not take it as a template.
    """

    form: TryForm
    text: str
    problems: list[Problem]
    result: Result | None = None
    unfit: list[Problem] = field(default_factory=list)

    @property
    def is_broken(self) -> bool:
        """Whether there is no result because of what is wrong, and not because a field is."""
        return any(not problem.is_warning for problem in self.problems)

    @property
    def lines(self) -> list[programs.ProgramLine]:
        """The text with everything that is wrong in it."""
        unfit = [problem._replace(is_warning=True) for problem in self.unfit]
        return programs.highlighted(self.text, [*self.problems, *unfit])

    @property
    def postings(self) -> list[programs.ShownPosting]:
        """The first postings."""
        return programs.shown(self.result.postings[:SHOWN]) if self.result else []

    @property
    def more(self) -> int:
        """How many postings are not shown."""
        return len(self.result.postings[SHOWN:]) if self.result else 0

    @property
    def metadata(self) -> list[tuple[str, str, str]]:
        """The first pieces of metadata as (account, key, value), those of the transaction without an account."""
        if not self.result:
            return []
        of_entry = (("", key, value) for key, value in self.result.metadata.items())
        of_accounts = (
            (account, key, value)
            for account, kept in self.result.account_metadata.items()
            for key, value in kept.items()
        )
        return list(islice((*of_entry, *of_accounts), SHOWN))


def trial(data: Mapping[str, Any]) -> Trial:
    """Try what a form holds."""
    text = str(data.get("text", "")).replace("\r\n", "\n")
    if len(text) > LONGEST_TEXT:
        return Trial(TryForm([], data), "", [])
    data = {**data, "text": text}
    problems = problems_of(text)
    if any(not problem.is_warning for problem in problems):
        return Trial(TryForm(_declared(text), data), text, problems)
    program = Program(text)  # not kept: what is tried may be anything
    form = TryForm(programs.noted(text, program.parameters[:MOST_VARIABLES]), data)
    if len(program.parameters) > MOST_VARIABLES:
        form.add_error(
            "text", gettext("Here a program has at most %(most)s variables.") % {"most": MOST_VARIABLES}
        )
    if not form.is_valid():
        return Trial(form, text, problems)
    unfit = static_problems(program.tree)
    try:
        result = program.run(form.variables, balance_of=form.balances)
    except NumscriptError as error:
        return Trial(form, text, [*problems, error.problem], unfit=unfit)
    return Trial(form, text, problems, result, unfit)


def _declared(text: str) -> programs.Variables:
    """What a broken text seems to declare, so that values given before it broke are kept."""
    words = [piece for piece in pieces(text) if piece.text.strip() and piece.kind != "comment"]
    found = {
        name.text[1:]: Parameter(name.text[1:], type_.text, Place(1, 1))
        for type_, name, after in zip(words, words[1:], words[2:], strict=False)
        if (type_.kind, name.kind) == ("type", "variable") and after.text != "="
    }
    return [(parameter, "") for parameter in islice(found.values(), MOST_VARIABLES)]


def filled(text: str, example: Example | None) -> dict[str, str]:
    """A form's data for a text and the example that it is shown with."""
    data = {"text": text, "enough": ENOUGH}
    if example is None:
        return data
    for name, value in example.variables.items():
        asset, _space, amount = str(value).partition(" ")
        if amount:
            data |= _amount(f"var-{name}", asset, amount)
        data[f"var-{name}"] = str(value)
    for row, (account, asset, minor) in enumerate(example.balances[:ROWS]):
        data |= {f"account-{row}": account, **_amount(f"balance-{row}", asset, str(minor))}
    return data


def _amount(name: str, asset: str, minor: str) -> dict[str, str]:
    try:
        money = Money(int(minor), templates.currency_of(asset))
    except (DomainError, ValueError):
        return {}
    return {f"{name}_amount": money.decimal, f"{name}_currency": money.currency}
