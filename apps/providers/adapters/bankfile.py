"""Payments as files of ISO 20022: SEPA's and SWIFT's, told of by pain.002, booked and returned by camt.053."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from typing import Final

from schwifty import IBAN

from apps.core.money import Money
from apps.providers.adapters.files import Carried, FileAdapter, FileSaid, OurPayments
from apps.providers.adapters.options import BankfileOptions, read
from apps.providers.adapters.sayings import Report, Saying
from apps.providers.formats import camt053, pain001, pain002
from apps.providers.formats.errors import FileFormatUnknown, PaymentUnwritable
from apps.providers.formats.iso_reasons import words_of
from apps.providers.formats.pain001 import Address, Party, Payment, PaymentOrder, write_sepa, write_swift
from apps.providers.formats.pain002 import Outcome as Told
from apps.providers.formats.pain002 import Said, StatusReport
from apps.providers.formats.texts import id_of, latin_text, reference_of
from apps.providers.models import FileStatus, Provider
from apps.providers.protocol import Outcome

SEPA, SWIFT = "sepa", "swift"
LONGEST_MEMO: Final = 140
LONGEST_REFERENCE: Final = 100
"""Of a bank's own reference, as far as it is kept."""

OUTCOMES: Final[Mapping[Told, Outcome]] = {
    Told.ACCEPTED: Outcome.ACCEPTED,
    Told.SETTLED: Outcome.COMPLETED,
    Told.REJECTED: Outcome.FAILED,
}
"""What a status report may conclude. What is received or pending is nothing new, what is unsaid nothing at all."""


class BankfileAdapter(FileAdapter):
    """A bank that takes pain.001."""

    format = "pain.001"

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        self.options = read(BankfileOptions, provider.options)
        self._accounts = {each["currency"]: each for each in self.options["accounts"]}

    def scheme_of(self, payment: Carried) -> str:
        """SEPA where it reaches, else SWIFT; it is written once, so that what a file cannot say is known now."""
        scheme = SEPA if _is_sepa(payment) else SWIFT
        if scheme == SWIFT and not self.options["swift"]:
            raise PaymentUnwritable("It is no payment of SEPA, and this bank carries no other.", field="/to")
        today = date(2026, 1, 5)
        at = datetime.combine(today, datetime.min.time()).astimezone()
        self.write([payment], scheme=scheme, message_id="TRY", number=1, on=today, now=at)
        return scheme

    def write(
        self,
        payments: Sequence[Carried],
        *,
        scheme: str,
        message_id: str,
        number: int,
        on: date,
        now: datetime,
    ) -> bytes:
        """The order as pain.001."""
        order = PaymentOrder(
            message_id=message_id,
            created_at=now,
            execute_on=on,
            debtor=self._debtor(payments[0].amount.currency),
            payments=tuple(map(_payment, payments)),
            batch_booking=self.options["batch_booking"],
            charges=self.options["charges"],
        )
        return write_sepa(order, version=self.options["sepa"]) if scheme == SEPA else write_swift(order)

    def read(self, content: bytes, ours: OurPayments) -> Report:
        """What a status report or a statement says."""
        try:
            report = pain002.read(BytesIO(content))
        except FileFormatUnknown:
            return _booked(content, ours)
        return _reported(report, ours)

    def contents(self, content: bytes) -> FileSaid:
        """What one of our orders says."""
        rows = list(pain001.read(BytesIO(content)).rows())
        payments = [_said_to_pay(each.payment) for each in rows]
        scheme = SEPA if all(_is_sepa(each) for each in payments) else SWIFT
        return FileSaid(scheme, rows[0].execute_on, payments)

    def _debtor(self, currency: str) -> Party:
        account = self._accounts.get(currency)
        if account is None:
            raise PaymentUnwritable(
                f"We have no account in {currency} at this bank.", field="/amount/currency"
            )
        return Party(
            name=self.options["name"],
            iban=account["iban"],
            account=account["account"],
            bic=account["bic"],
            address=Address(country=self.options["country"]),
        )


def _is_sepa(payment: Carried) -> bool:
    iban = str(payment.to.get("iban", ""))
    return payment.amount.currency == "EUR" and bool(iban) and IBAN(iban, allow_invalid=True).in_sepa_zone


def _payment(carried: Carried) -> Payment:
    to = carried.to
    iban, number = str(to.get("iban", "")), str(to.get("account_number", ""))
    country = str(to.get("country") or "") or iban[:2]
    bic = str(to.get("bic", "")) or (str(IBAN(iban, allow_invalid=True).bic or "") if iban else "")
    return Payment(
        end_to_end_id=reference_of(carried.reference),
        amount=carried.amount,
        creditor=Party(
            name=str(to.get("name", "")), iban=iban, account=number, bic=bic, address=Address(country=country)
        ),
        remittance=latin_text(carried.memo, limit=LONGEST_MEMO, field="/memo"),
    )


def _said_to_pay(payment: Payment) -> Carried:
    """A payment of an order of ours, read back."""
    creditor = payment.creditor
    to = {
        "name": creditor.name,
        "iban": creditor.iban,
        "account_number": creditor.account,
        "bic": creditor.bic,
    }
    return Carried(id_of(payment.end_to_end_id), payment.amount, to, payment.remittance)


def _reported(report: StatusReport, ours: OurPayments) -> Report:
    """What a status report says of each payment of the file, named or not."""
    message_id = report.original_message_id
    payments = ours.of_file(message_id)
    if payments is None:
        return Report(doubts=(f"It is about the order {message_id[:40]}, and we made no such file.",))
    references = [reference_of(each.reference) for each in payments]
    said = report.said_of_each(references, payment_information_id=message_id)
    known = set(references)
    strangers = [each.end_to_end_id for each in report.transactions if each.end_to_end_id not in known]
    doubts = [
        f"It names {each[:40] or 'a payment without a reference'}, which is not in the file."
        for each in strangers
    ]
    pairs = zip(payments, said, strict=True)
    sayings = [each for payment, what in pairs if (each := _saying(payment.reference, what))]
    whole = Said(report.status.outcome, report.status)
    refused = whole.outcome is Told.REJECTED
    twice = whole.is_duplicate or any(each.is_duplicate for each in said)
    standing = "" if twice else FileStatus.REFUSED if refused else FileStatus.TAKEN
    return Report(tuple(sayings), message_id, standing, tuple(doubts))


def _saying(reference: str, said: Said) -> Saying | None:
    reason = said.status.reasons[0] if said.status.reasons else None
    code = reason.code if reason else said.status.code
    words = (reason.words if reason else "")[:500]
    if said.outcome is Told.CONTRADICTORY:
        doubt = "The bank refuses it in one place of its report and accepts it in another."
        return Saying(reference, Outcome.UNKNOWN, code[:60], words, doubt=doubt)
    if said.outcome is Told.REJECTED and said.is_duplicate:
        doubt = "The bank refuses it as a duplicate: what became of the first is not known."
        return Saying(reference, Outcome.UNKNOWN, code[:60], words, doubt=doubt)
    if said.outcome not in OUTCOMES:
        return None
    return Saying(reference, OUTCOMES[said.outcome], code[:60], words)


def _booked(content: bytes, ours: OurPayments) -> Report:
    """What statements say of payments of ours: booked, or come back."""
    entries = [each for each in camt053.read(BytesIO(content)) if isinstance(each, camt053.Entry)]
    booked = [each for each in entries if each.is_booked]
    names = _EntryNames()
    wanted = {id_of(line.end_to_end_id) for entry in booked for line in entry.details if line.end_to_end_id}
    known = ours.named(wanted)
    sayings: list[Saying] = []
    doubts: list[str] = []
    others = 0
    for entry in booked:
        found = [
            replace(each, entry=names.of(each, entry)) if isinstance(each, Saying) else each
            for each in _entry(entry, known, ours)
        ]
        others += not found
        sayings += [each for each in found if isinstance(each, Saying)]
        doubts += [each for each in found if isinstance(each, str)]
    return Report(tuple(sayings), doubts=tuple(doubts), others=others)


class _EntryNames:
    """Under what name the account has each debit: the same in every statement that has it, and another for another.

    It is the day and the bank's reference; where a file names two debits of a payment alike, they are counted.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()

    def of(self, saying: Saying, entry: camt053.Entry) -> str:
        """The name, if the saying is of a debit as it was asked for."""
        if saying.outcome != Outcome.COMPLETED:
            return ""
        lines = [each for each in entry.details if id_of(each.end_to_end_id) == saying.reference]
        by_line = next((each.bank_reference for each in lines if each.bank_reference), "")
        reference = by_line or entry.bank_reference or entry.reference
        name = f"{entry.booked_on or ''} {reference[:LONGEST_REFERENCE]}".strip()
        self._seen[saying.reference, name] += 1
        count = self._seen[saying.reference, name]
        return f"{name} ({count})".strip() if count > 1 else name


def _entry(entry: camt053.Entry, known: Mapping[str, Carried], ours: OurPayments) -> Iterator[Saying | str]:
    """What one entry says: of its payments, or of a whole file that was booked at once."""
    named = [(line, known.get(id_of(line.end_to_end_id))) for line in entry.details]
    if any(payment for _, payment in named):
        yield from (_line(entry, line, payment) for line, payment in named if payment)
        yield from _strangers(line for line, payment in named if not payment)
        return
    files = {
        text for line in entry.details for text in (line.payment_information_id, line.message_id) if text
    }
    for message_id in sorted(files):
        if (payments := ours.of_file(message_id)) is not None:
            yield from _whole(entry, message_id, payments)
            return
    yield from _strangers(line for line, _ in named)


def _line(entry: camt053.Entry, line: camt053.Details, payment: Carried) -> Saying:
    """Booked is what was debited as it was asked for, come back what a return or a reversal credits whole; all else that
    a bank books under our reference, such as a charge or a part, is for a person.
    """
    amount = line.amount or (_moved(entry) if len(entry.details) == 1 else payment.amount)
    words = words_of(line.reason) or " ".join(line.reason_info)
    is_debit, is_whole = entry.amount.is_negative, amount == payment.amount
    if is_debit and is_whole and not entry.is_reversal:
        return Saying(payment.reference, Outcome.COMPLETED, amount=amount)
    is_back = not is_debit and (line.is_return or entry.is_reversal)
    if is_back and is_whole and payment.returned in {None, amount}:
        return Saying(
            payment.reference, Outcome.RETURNED, (line.reason or "RETURNED")[:60], words[:500], amount
        )
    side = "debits" if is_debit else "credits"
    doubt = (
        f"The bank {side} {amount} under the reference of {payment.amount}: what that is, a person finds out."
    )
    return Saying(payment.reference, Outcome.UNKNOWN, line.reason[:60], words[:500], doubt=doubt)


def _moved(entry: camt053.Entry) -> Money:
    """What an entry moves, without its sign."""
    return -entry.amount if entry.amount.is_negative else entry.amount


def _whole(entry: camt053.Entry, message_id: str, payments: Sequence[Carried]) -> Iterator[Saying | str]:
    """A file that was booked in one line: all of it, or a person finds out what."""
    total = sum((each.amount for each in payments[1:]), payments[0].amount)
    if entry.amount.is_negative and _moved(entry) == total:
        yield from (Saying(each.reference, Outcome.COMPLETED, amount=each.amount) for each in payments)
        return
    yield f"It books {entry.amount} for the file {message_id}, which has {total}: which payments that is, it does not say."


def _strangers(lines: Iterable[camt053.Details]) -> Iterator[str]:
    """Payments under references of our shape that were never in a file."""
    for line in lines:
        if line.end_to_end_id.startswith("trf-"):
            yield f"It books {line.end_to_end_id[:40]}, which we never put in a file."
