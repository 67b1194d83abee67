"""What rows are worth before anything is accepted: whether each can be paid, and every reason why not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.crypto import salted_hmac

from apps.accounts.destinations import destination_of
from apps.accounts.models import Recipient, RecipientStatus, Wallet, WalletStatus
from apps.accounts.services.recipients import DetailsUnfit, check_currency
from apps.core import ids
from apps.core.canonical import canonical_json
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.operations.models import Book
from apps.payouts.models import Batch, BatchRow, RowStatus

Problem = dict[str, str]

TWICE: Final = "DUPLICATE_ROW"
LONGEST_WARNING: Final = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it was given: `given` is all of it as text, `problems` what reading it found. Who is paid is told by one way:
    `recipient` (our id), `external_id` (the tenant's own name), or `name`, `country` and `details`; beside details, the external
    id is what the recipient is to be known by. A `warning` does not keep it from being paid.
    """

    number: int
    given: Mapping[str, Any]
    amount: Money | None = None
    wallet: str | None = None
    recipient: str | None = None
    external_id: str = ""
    name: str = ""
    country: str = ""
    details: Mapping[str, str] | None = None
    reference: str = ""
    description: str = ""
    problems: Sequence[Problem] = ()
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What rows name, fetched for all of them at once; nothing of another tenant is there."""

    book_id: int
    wallets: Mapping[str, Wallet]
    recipients: Mapping[str, Recipient]
    by_external_id: Mapping[str, Recipient]
    by_payee: Mapping[bytes, Recipient]
    taken: dict[tuple[Any, ...], int] = field(default_factory=dict)


def check(
    batch: Batch, book: Book, entries: Sequence[Entry], beside: Iterable[BatchRow] = ()
) -> list[BatchRow]:
    """The rows of these entries, each ready or with everything that is wrong with it. `beside` are rows that are there already."""
    known = _known(batch, book, entries)
    known.taken.update({_same(each): each.number for each in beside if each.status == RowStatus.READY})
    return [_row(batch, entry, known) for entry in entries]


def payee_of(book_id: int, entry: Entry) -> bytes | None:
    """Under what a payee of this name and these details is found again; None where the row names a recipient."""
    if not entry.details or entry.amount is None:
        return None
    told = [book_id, entry.name, entry.country, entry.amount.currency, dict(entry.details)]
    return salted_hmac("payouts.payee", canonical_json(told), algorithm="sha256").digest()


def _known(batch: Batch, book: Book, entries: Sequence[Entry]) -> _Known:
    mine = Recipient.objects.filter(tenant_id=book.tenant_id)
    wallets = {str(found) for each in entries if (found := each.wallet or batch.wallet_id)}
    payees = [found for each in entries if (found := payee_of(book.pk, each))]
    earlier = BatchRow.objects.filter(book=book, payee__in=payees, recipient__isnull=False)
    return _Known(
        book.pk,
        {each.pk: each for each in Wallet.objects.filter(book=book, pk__in=wallets)},
        {
            each.pk: each
            for each in mine.filter(pk__in={each.recipient for each in entries if each.recipient})
        },
        {
            each.external_id: each
            for each in mine.filter(external_id__in={each.external_id for each in entries} - {""})
        },
        {
            bytes(row.payee or b""): row.recipient
            for row in earlier.select_related("recipient").order_by("id")
            if row.recipient and _is_unchanged(row, row.recipient)
        },
    )


def _is_unchanged(row: BatchRow, recipient: Recipient) -> bool:
    is_active = recipient.status == RecipientStatus.ACTIVE
    return is_active and row.recipient_version == recipient.version


def _row(batch: Batch, entry: Entry, known: _Known) -> BatchRow:
    problems = list(entry.problems)
    wallet = _wallet(batch, entry, known, problems)
    recipient = _recipient(entry, known, problems)
    row = BatchRow(
        id=ids.new_id("brw"),
        book_id=batch.book_id,
        batch=batch,
        number=entry.number,
        given=canonical_json(dict(entry.given)),
        wallet=wallet,
        recipient=recipient,
        recipient_version=recipient.version if recipient else None,
        payee=payee_of(batch.book_id, entry),
        amount=entry.amount.minor if entry.amount else None,
        currency=entry.amount.currency if entry.amount else "",
        reference=entry.reference,
        description=entry.description,
        message=entry.warning[:LONGEST_WARNING],
    )
    if not problems:
        problems += _twice(row, known)
    row.problems = problems
    row.status = RowStatus.WRONG if problems else RowStatus.READY
    return row


def _wallet(batch: Batch, entry: Entry, known: _Known, problems: list[Problem]) -> Wallet | None:
    named = entry.wallet or batch.wallet_id
    found = known.wallets.get(str(named)) if named else None
    if named is None:
        problems.append(
            _problem("WALLET_MISSING", "wallet", "Say which wallet pays: here, or for the whole batch.")
        )
    elif found is None:
        problems.append(_problem("WALLET_NOT_FOUND", "wallet", f"There is no wallet {named}."))
    elif found.status != WalletStatus.OPEN:
        problems.append(_problem("WALLET_CLOSED", "wallet", f"{named} is closed."))
    elif entry.amount and entry.amount.currency != found.currency:
        what = f"{named} is in {found.currency}, the amount in {entry.amount.currency}."
        problems.append(_problem("CURRENCY_MISMATCH", "currency", what))
    return found


def _recipient(entry: Entry, known: _Known, problems: list[Problem]) -> Recipient | None:
    if entry.problems:
        return None
    if entry.recipient or (entry.external_id and not entry.details):
        return _named(entry, known, problems)
    if not entry.details or not entry.name:
        what = "Say who is paid: a recipient, or a name and the details of an account."
        problems.append(_problem("PAYEE_MISSING", "recipient", what))
        return None
    if same := known.by_external_id.get(entry.external_id):
        return _as_told(entry, same, problems)
    found = known.by_payee.get(payee_of(known.book_id, entry) or b"")
    if found is None:
        problems += _of_details(entry)
    return found


def _as_told(entry: Entry, known_as: Recipient, problems: list[Problem]) -> Recipient | None:
    """The recipient of the external id, if it leads to where the row says."""
    if known_as.where == dict(entry.details or {}):
        return _named(entry, _Known(0, {}, {}, {entry.external_id: known_as}, {}), problems)
    what = f"{known_as.pk} has the external id {entry.external_id} and leads to {known_as.display}, not to what the row says."
    problems.append(_problem("RECIPIENT_DIFFERENT", "recipient_external_id", what))
    return None


def _named(entry: Entry, known: _Known, problems: list[Problem]) -> Recipient | None:
    by_id, by_name = known.recipients.get(entry.recipient or ""), known.by_external_id.get(entry.external_id)
    found = by_id or by_name
    at = "recipient" if entry.recipient else "recipient_external_id"
    if found is None:
        what = f"There is no recipient {entry.recipient or entry.external_id}."
        problems.append(_problem("RECIPIENT_NOT_FOUND", at, what))
    elif found.status != RecipientStatus.ACTIVE:
        problems.append(_problem("RECIPIENT_CLOSED", at, f"{found.pk} is closed."))
    elif entry.amount and found.currency != entry.amount.currency:
        what = f"{found.pk} is paid in {found.currency}, the amount is in {entry.amount.currency}."
        problems.append(_problem("RECIPIENT_UNFIT", at, what))
    return found


def _of_details(entry: Entry) -> list[Problem]:
    """Why no recipient could be made of the details."""
    try:
        to = destination_of(entry.details or {})
        if to.country and entry.country not in {"", to.country}:
            raise DetailsUnfit(f"The account is in {to.country}, not in {entry.country}.", field="/country")
        if to.kind == "bank_account" and not (to.country or entry.country):
            raise DetailsUnfit("Say in which country the account is.", field="/country")
        if entry.amount:
            check_currency(entry.amount.currency, to, field="/currency")
    except DomainError as error:
        return [_problem(error.code, (error.field or "/details").strip("/"), error.message)]
    return []


def _twice(row: BatchRow, known: _Known) -> list[Problem]:
    same = _same(row)
    first = known.taken.setdefault(same, row.number)
    if first == row.number:
        return []
    what = f"Row {first} pays the same payee the same amount under the same reference: leave one out, or refer to each otherwise."
    return [_problem(TWICE, "reference", what)]


def _same(row: BatchRow) -> tuple[Any, ...]:
    who = row.recipient_id or (bytes(row.payee) if row.payee else None)
    return (row.wallet_id, who, row.amount, row.currency, row.reference)


def _problem(code: str, field: str, message: str) -> Problem:
    return {"code": code, "field": field, "message": message}
