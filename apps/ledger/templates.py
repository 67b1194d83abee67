"""Posting templates: the files in `numscripts/`, and entries made of them.

A template is a static program (`numscript/static.py`), so it is evaluated before any lock is taken. The files of this
code are what it runs; the database knows them as versions, and an entry keeps the version that made it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from apps.core import ids
from apps.core.currencies import currency
from apps.core.errors import DomainError
from apps.core.money import InvalidAmount, Money
from apps.ledger.models import TemplateVersion
from apps.ledger.numscript.errors import NumscriptError
from apps.ledger.numscript.machine import Posting as Moved
from apps.ledger.numscript.program import Program, compiled, digest
from apps.ledger.numscript.specs import Example, examples
from apps.ledger.numscript.static import static_problems
from apps.ledger.numscript.values import Monetary
from apps.operations.plan import Entry, HoldUse, Posting

FOLDER = Path(__file__).with_name("numscripts")

SUBJECT = "ledger.template"
"""What operators keep beside a template is kept by this and its name, whatever its versions."""

Variables = Mapping[str, Money | Fraction | str | int]


class TemplateUnknown(DomainError):
    """There is no template of that name."""

    code = "TEMPLATE_UNKNOWN"
    http_status = 404


class TemplateNotLoaded(DomainError):
    """The database does not know the version of this code."""

    code = "TEMPLATE_NOT_LOADED"
    http_status = 503
    transient = True


class TemplateRefused(DomainError):
    """The template cannot be run on these variables."""

    code = "TEMPLATE_REFUSED"
    http_status = 422


class AssetUnfit(DomainError):
    """An asset whose exponent is not the currency's."""

    code = "ASSET_UNFIT"


@dataclass(frozen=True, slots=True)
class Template:
    """A file, compiled. `summary` is the comment that it begins with."""

    name: str
    text: str
    hash: str
    summary: str
    program: Program


@dataclass(frozen=True, slots=True)
class Held:
    """The hold in whose name postings into (`open`) and out of (`take`) its reserve account are made."""

    hold_id: str
    account: str

    def use(self, source: str, destination: str) -> HoldUse | None:
        """How a posting touches the hold."""
        if destination == self.account:
            return HoldUse(self.hold_id, "open")
        return HoldUse(self.hold_id, "take") if source == self.account else None


@cache
def all_templates() -> Mapping[str, Template]:
    """Every template of this code by its name; NumscriptError if one is no static program."""
    return {path.stem: _template(path) for path in sorted(FOLDER.glob("*.num"))}


def _template(path: Path) -> Template:
    text = path.read_text(encoding="utf-8")
    program = compiled(text)
    for problem in static_problems(program.tree):
        raise NumscriptError(problem.kind, f"{path.name}: {problem.message}", problem.place)
    return Template(path.stem, text, digest(text), summary_of(text), program)


def summary_of(text: str) -> str:
    """The comment that a program begins with, as one line."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        lines.append(line.removeprefix("//").strip())
    return " ".join(lines)


def find(name: str) -> Template:
    """The template of a name."""
    try:
        return all_templates()[name]
    except KeyError:
        raise TemplateUnknown(
            f"There is no template {name}; /ops/ lists them all.", field="/template"
        ) from None


def subject_of(name: str) -> str:
    """What a template is called as a subject: `ledger.template:pay_in`."""
    return f"{SUBJECT}:{name}"


def existing(names: Collection[str]) -> set[str]:
    """Those of the names that the files or the database have."""
    loaded = TemplateVersion.objects.filter(name__in=names).values_list("name", flat=True)
    return set(names) & {*all_templates(), *loaded}


@cache
def examples_of(name: str) -> list[Example]:
    """What the template is shown with: the cases of its specs file."""
    find(name)
    return examples(FOLDER / f"{name}.num")


def entry(
    name: str,
    variables: Variables,
    *,
    book_id: int,
    reference: str,
    kind: str = "",
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
    effective_at: datetime | None = None,
    adjusts: bool = False,
    involuntary: bool = False,
    held: Held | None = None,
    refusal_sticks: bool = True,
    prefunded: Mapping[str, str] | None = None,
) -> Entry:
    """The entry that a template makes of its variables; its kind is the template's name if none is given.

    Raises TemplateRefused (a variable is missing, unknown or wrong), InvalidAmount (all of them are zero), AssetUnfit
    and TemplateNotLoaded.
    """
    template = find(name)
    postings, set_by_template = _run(template, variables)
    return Entry(
        id=ids.new_id("je"),
        book_id=book_id,
        reference=reference,
        kind=kind or name,
        postings=[
            Posting(
                moved.source,
                moved.destination,
                Money(moved.amount, currency_of(moved.asset)),
                held.use(moved.source, moved.destination) if held else None,
            )
            for moved in postings
        ],
        description=description,
        metadata={**set_by_template, **(metadata or {})},
        effective_at=effective_at,
        adjusts=adjusts,
        involuntary=involuntary,
        template=version_id(template),
        refusal_sticks=refusal_sticks,
        prefunded=prefunded or {},
    )


def variables_in(name: str, data: Mapping[str, Any]) -> dict[str, Money | str]:
    """The variables of a template from JSON, where an amount is {"amount": "12.50", "currency": "EUR"}."""
    amounts = {each.name for each in find(name).program.parameters if each.type == "monetary"}
    return {key: _money(key, value) if key in amounts else value for key, value in data.items()}


def _money(name: str, value: Any) -> Money:
    if isinstance(value, Money):
        return value
    if (
        not isinstance(value, Mapping)
        or value.keys() != {"amount", "currency"}
        or not all(isinstance(each, str) for each in value.values())
    ):
        raise TemplateRefused(
            f'{name} is an amount: {{"amount": "12.50", "currency": "EUR"}}.', field=f"/variables/{name}"
        )
    return Money.parse(value["amount"], value["currency"])


def _run(template: Template, variables: Variables) -> tuple[list[Moved], Mapping[str, str]]:
    unknown = variables.keys() - {parameter.name for parameter in template.program.parameters}
    if unknown:
        raise TemplateRefused(
            f"{template.name} has no variable {', '.join(sorted(unknown))}.", field="/variables"
        )
    given = {
        name: monetary(value) if isinstance(value, Money) else value for name, value in variables.items()
    }
    try:
        result = template.program.run(given)
    except NumscriptError as error:
        raise TemplateRefused(
            f"{template.name}, {error.place}: {error.message}",
            field="/variables",
            details={"template": template.name, "kind": error.kind.value, "place": str(error.place)},
        ) from None
    if not result.postings:
        raise InvalidAmount(f"{template.name} would post nothing: all its amounts are zero.")
    return list(result.postings), result.metadata


def monetary(amount: Money) -> Monetary:
    """Money as the language has it."""
    return Monetary(asset_of(amount.currency), amount.minor)


@cache
def asset_of(code: str) -> str:
    """A currency as an asset: `USD/2`."""
    return f"{code}/{currency(code).exponent}"


@cache
def currency_of(asset: str) -> str:
    """The currency of an asset; AssetUnfit unless the exponent is the one that it has here."""
    code, _, exponent = asset.partition("/")
    if (exponent or "0") != str(currency(code).exponent):
        raise AssetUnfit(f"{asset} has another exponent than {asset_of(code)}, which the books are kept in.")
    return code


_version_ids: dict[str, int] = {}


def version_id(template: Template) -> int:
    """The version under which the database knows a template of this code."""
    kept = _version_ids  # if it is dropped meanwhile, what is read now goes with it
    if template.name not in kept:
        kept.update(_look_up_versions())
    try:
        return kept[template.name]
    except KeyError:
        raise TemplateNotLoaded(
            f"The template {template.name} is not loaded as this code has it; run ledger.rebuild_templates."
        ) from None


def _look_up_versions() -> dict[str, int]:
    """Of versions with the same text the latest counts."""
    templates = all_templates()
    hashes = [template.hash for template in templates.values()]
    found = (
        TemplateVersion.objects.filter(hash__in=hashes).order_by("version").values_list("name", "hash", "id")
    )
    return {name: id_ for name, hash_, id_ in found if name in templates and templates[name].hash == hash_}


def forget_versions() -> None:
    """Ask the database again."""
    global _version_ids
    _version_ids = {}
