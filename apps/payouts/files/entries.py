"""One row made into what can be paid, or every reason why it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.accounts.destinations import Destination, destination_of
from apps.core import ids
from apps.core.currencies import is_known
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.serializer_fields import PRINTABLE
from apps.payouts.files.amounts import AmountAmbiguous, plain
from apps.payouts.files.cells import Cell, CellKind, Code, Problem
from apps.payouts.files.fields import FIELDS, Field

_SIGNIFICANT = 15
_SCIENTIFIC = "0123456789.,+-"
_IDS = {"wallet": "wal", "recipient": "rcp"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A payout that a row asks for. Who is paid is either our `recipient`, or `recipient_external_id`, or a
    `destination` with its `name`; beside a destination, the external id is what the recipient is to be known by.
    """

    amount: Money
    wallet: str = ""
    recipient: str = ""
    recipient_external_id: str = ""
    name: str = ""
    destination: Destination | None = None
    country: str = ""
    reference: str = ""
    description: str = ""

    @property
    def likeness(self) -> tuple[object, ...]:
        """What two rows share that would pay the same person the same amount for the same thing."""
        where = tuple(sorted(self.destination.details.items())) if self.destination else ()
        return (self.recipient, where or self.recipient_external_id, self.amount, self.reference)


PRIVATE = frozenset({"name", "iban", "account_number", "bank_code", "bic"})
"""What of a payee is kept encrypted, and so repeated in no message."""


@dataclass(slots=True)
class _Reading:
    """A row on its way: what was read of it and what is wrong."""

    values: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, code: Code, name: str, message: str) -> None:
        self.problems.append(Problem(code, name, message))

    def has(self, *names: str) -> bool:
        return all(self.values.get(name) for name in names)

    def is_bad(self, *names: str) -> bool:
        return any(each.field in names and not each.is_warning for each in self.problems)


def entry_of(cells: Mapping[str, Cell], *, mark: str, currency: str) -> tuple[Entry | None, list[Problem]]:
    """What a row asks for, by its fields, and its problems; no entry if one of them is more than a warning.

    `mark` is the decimal mark of the column of amounts; `currency` counts where the row names none.
    """
    row = _Reading()
    for name, cell in cells.items():
        if cell.text.strip() and name != "amount" and (text := _text(row, FIELDS[name], cell)):
            row.values[name] = text
    amount = _amount(row, cells.get("amount", Cell("")), mark=mark, currency=currency)
    destination = _payee(row)
    _check_ids(row)
    if amount is None or any(not each.is_warning for each in row.problems):
        return None, row.problems
    said = {
        name: row.values.get(name, "")
        for name in (
            "wallet",
            "recipient",
            "recipient_external_id",
            "name",
            "country",
            "reference",
            "description",
        )
    }
    return Entry(amount=amount, destination=destination, **said), row.problems


def _text(row: _Reading, known: Field, cell: Cell) -> str:
    """The text of a cell, or nothing and a problem."""
    name, text = known.name, cell.text.strip()
    if not _is_text(row, known, cell):
        return ""
    if len(text) > known.longest:
        row.wrong(Code.TEXT_TOO_LONG, name, f"{name} has more than {known.longest} characters; shorten it.")
    elif not PRINTABLE.match(text):
        row.wrong(
            Code.TEXT_UNPRINTABLE,
            name,
            f"{name} has a line break or another character that does not print; remove it.",
        )
    elif known.pattern and not known.pattern.fullmatch(text := text.upper() if name == "country" else text):
        code = Code.COUNTRY_UNKNOWN if name == "country" else Code.TEXT_MALFORMED
        said = "What stands here" if name in PRIVATE else repr(text[:40])
        row.wrong(code, name, f"{said} is no {name}; write {known.shape}.")
    else:
        return text
    return ""


def _is_text(row: _Reading, known: Field, cell: Cell) -> bool:
    name = known.name
    match cell.kind:
        case CellKind.FORMULA:
            row.wrong(
                Code.FORMULA, name, f"{name} is a formula. Put its value there: copy, then paste values only."
            )
            return False
        case CellKind.OTHER:
            row.wrong(
                Code.VALUE_NOT_TEXT,
                name,
                f"{name} is {cell.text}. Format the cell as text and write it anew.",
            )
            return False
        case CellKind.NUMBER if not known.from_number or _digits(cell.text) > _SIGNIFICANT:
            row.wrong(Code.NUMBER_NOT_TEXT, name, _became_number(name))
            return False
        case CellKind.TEXT if _is_formula(cell.text):
            row.wrong(
                Code.FORMULA,
                name,
                f"{name} begins with {cell.text.lstrip(' ')[:1]!r}, which sheet programs run as a formula. Begin it otherwise.",
            )
            return False
        case CellKind.TEXT if _is_scientific(cell.text) and name not in {"name", "description"}:
            row.wrong(Code.NUMBER_NOT_TEXT, name, _became_number(name))
            return False
    return True


def _amount(row: _Reading, cell: Cell, *, mark: str, currency: str) -> Money | None:
    code = _currency(row, currency)
    text = cell.text.strip()
    if not text:
        row.wrong(Code.FIELD_MISSING, "amount", "The amount is missing.")
        return None
    if cell.kind is CellKind.OTHER:
        row.wrong(Code.INVALID_AMOUNT, "amount", f"The amount is {cell.text}. Format the cell as a number.")
        return None
    if cell.kind is CellKind.FORMULA or (cell.kind is CellKind.TEXT and text[0] in "=@"):
        row.wrong(
            Code.FORMULA,
            "amount",
            "The amount is a formula. Put its value there: copy, then paste values only.",
        )
        return None
    if cell.kind is CellKind.NUMBER and _digits(text) > _SIGNIFICANT:
        row.wrong(
            Code.INVALID_AMOUNT,
            "amount",
            f"The amount is stored as {text[:40]}, and a sheet keeps {_SIGNIFICANT} digits of a number. Round it, or format"
            " the cell as text and write it anew.",
        )
        return None
    return _money(row, cell, mark, code) if code else None


def _money(row: _Reading, cell: Cell, mark: str, currency: str) -> Money | None:
    try:
        digits = plain(cell.text, mark) if cell.kind is CellKind.TEXT else cell.text
        money = Money.parse(digits, currency)
    except AmountAmbiguous:
        text = cell.text.strip()
        row.wrong(
            Code.AMOUNT_AMBIGUOUS,
            "amount",
            f"{text} may be {text.replace(',', '').replace('.', '')} or {text.replace(',', '.')}, and no other amount of the"
            " column tells. Write it without separators of thousands, and with decimals, such as 1234.00.",
        )
        return None
    except DomainError as error:
        row.wrong(Code.INVALID_AMOUNT, "amount", error.message)
        return None
    if not money.is_positive:
        row.wrong(Code.AMOUNT_NOT_POSITIVE, "amount", f"The amount is {money}; it must be above zero.")
        return None
    return money


def _currency(row: _Reading, default: str) -> str:
    if row.is_bad("currency"):
        return ""
    code = row.values.get("currency", default).upper()
    if not code:
        row.wrong(Code.FIELD_MISSING, "currency", "The currency is missing; write a code such as EUR.")
        return ""
    if not is_known(code):
        row.wrong(
            Code.CURRENCY_UNKNOWN,
            "currency",
            f"There is no currency {code!r}; write a code such as EUR or USDC.",
        )
        return ""
    return code


def _payee(row: _Reading) -> Destination | None:
    """Where the money goes if the row says so itself; a problem unless it names exactly one who is paid."""
    iban, account = row.has("iban"), row.has("account_number") or row.has("bank_code")
    if row.is_bad("recipient", "recipient_external_id", "iban", "account_number", "bank_code"):
        return None
    if iban + account + row.has("recipient") > 1 or row.has("recipient", "recipient_external_id"):
        row.wrong(
            Code.PAYEE_UNCLEAR,
            "",
            "The row names who is paid in several ways; keep one of recipient, recipient_external_id, iban, or"
            " account_number with bank_code.",
        )
        return None
    if not iban and not account:
        if not row.has("recipient") and not row.has("recipient_external_id"):
            row.wrong(
                Code.FIELD_MISSING,
                "",
                "Who is paid is missing; give recipient, recipient_external_id, iban, or account_number with bank_code.",
            )
        return None
    needed = ["name"] if iban else ["name", "account_number", "bank_code"]
    for name in needed:
        if not row.has(name) and not row.is_bad(name):
            row.wrong(Code.FIELD_MISSING, name, f"{name} is missing; beside an account it is needed.")
    return None if row.is_bad(*needed) else _destination(row, ["iban"] if iban else needed[1:])


def _destination(row: _Reading, names: list[str]) -> Destination | None:
    bic = row.values.get("bic", "").upper()
    details = {name: row.values[name] for name in names}
    try:
        found = destination_of(details | ({"bic": bic} if bic and "iban" not in details else {}))
    except DomainError as error:
        row.wrong(Code(error.code), (error.field or "").strip("/"), error.message)
        return None
    if bic and found.bic and bic[:8] != found.bic[:8]:
        row.wrong(
            Code.BIC_DIFFERS,
            "bic",
            f"The IBAN is of a bank with the BIC {found.bic}, and the row says {bic}; the IBAN counts.",
        )
    return found


def _check_ids(row: _Reading) -> None:
    for name, prefix in _IDS.items():
        if row.has(name):
            try:
                ids.decode(prefix, row.values[name])
            except ids.InvalidId as error:
                row.wrong(Code.INVALID_ID, name, error.message)


def _is_formula(text: str) -> bool:
    return text.startswith(("\t", "\r")) or text.lstrip()[:1] in {"=", "+", "-", "@"}


def _is_scientific(text: str) -> bool:
    """1.23E+11: what a sheet program makes of long digits."""
    mantissa, letter, exponent = text.strip().upper().partition("E+")
    return bool(letter and mantissa and exponent.isdigit() and all(each in _SCIENTIFIC for each in mantissa))


def _digits(text: str) -> int:
    """How many digits of a number mean something."""
    return len(text.lstrip("-").replace(".", "").strip("0"))


def _became_number(name: str) -> str:
    return (
        f"The sheet program made a number of {name}, and digits of it may be lost. Format the column as text and write it"
        " anew from the original."
    )
