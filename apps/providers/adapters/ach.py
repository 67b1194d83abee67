"""Payments as NACHA files: credits of one company, what came back told by the banks' returns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Final

from apps.providers.adapters.files import Carried, FileAdapter, FileSaid, OurPayments
from apps.providers.adapters.http import ProviderSilent
from apps.providers.adapters.options import AchOptions, read
from apps.providers.adapters.sayings import Report, Saying
from apps.providers.formats import nacha
from apps.providers.formats.errors import PaymentUnwritable
from apps.providers.formats.nacha.addenda import Change, Remittance, Return, meaning
from apps.providers.formats.nacha.days import EASTERN, written_day
from apps.providers.formats.nacha.returns import CHANGE_CODES
from apps.providers.formats.texts import latin_name, latin_text
from apps.providers.models import Provider
from apps.providers.protocol import Outcome, Reply

ACH: Final = "ach"
CREDITS: Final = 220
CHECKING, SAVINGS = "22", "32"
LONGEST_NAME, LONGEST_TEXT = 22, 80
DUPLICATE: Final = "R24"
MODIFIERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""What tells the files of one day apart: thirty-six of them."""


class AchAdapter(FileAdapter):
    """A bank that takes NACHA files."""

    format = "nacha"

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        self.options = read(AchOptions, provider.options)

    def scheme_of(self, payment: Carried) -> str:
        """ACH; it is written once, so that what a file cannot say is known now."""
        if payment.amount.currency != "USD":
            raise PaymentUnwritable(f"ACH carries US dollars, not {payment.amount}.", field="/amount")
        at = datetime(2026, 1, 5, 12, tzinfo=EASTERN)
        self.write([payment], scheme=ACH, message_id="TRY", number=1, on=at.date(), now=at)
        return ACH

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
        """The file, with one batch of credits."""
        if number > len(MODIFIERS):
            raise PaymentUnwritable(f"A day has at most {len(MODIFIERS)} files, and this is the {number}th.")
        local, told = now.astimezone(EASTERN), self.options
        header = nacha.FileHeader(
            destination=told["destination"].rjust(10),
            origin=told["origin"].rjust(10),
            created_on=written_day(local.date()),
            created_at=local.strftime("%H%M"),
            modifier=MODIFIERS[number - 1],
            destination_name=told["destination_name"],
            origin_name=told["origin_name"],
        )
        batch = nacha.BatchHeader(
            service_class=CREDITS,
            company_name=told["company_name"],
            company_id=told["company_id"],
            sec=told["sec"],
            description=told["description"],
            odfi=told["odfi"],
            number=1,
            effective_date=written_day(on),
        )
        entries = tuple(self._entry(each) for each in payments)
        return nacha.write(
            nacha.AchFile(header=header, batches=(nacha.Batch(header=batch, entries=entries),))
        )

    def read(self, content: bytes, ours: OurPayments) -> Report:
        """What a file of returns and changes says."""
        file = nacha.read(BytesIO(content))
        found = [
            (said, entry)
            for batch in file.batches
            for entry in batch.entries
            for addendum in entry.addenda
            if not isinstance(said := meaning(addendum), Remittance)
        ]
        traces = {said.original_trace for said, _ in found if isinstance(said, Return | Change)}
        known = self._by_trace(traces, ours)
        told = [_told(said, entry, known) for said, entry in found]
        sayings = tuple(each for each in told if isinstance(each, Saying))
        doubts = tuple(each for each in told if isinstance(each, str))
        others = sum(len(batch.entries) for batch in file.batches) - len(found)
        return Report(sayings, doubts=doubts, others=others)

    def contents(self, content: bytes) -> FileSaid:
        """Nothing: a NACHA file carries no reference as long as ours."""
        raise ProviderSilent(
            "The bank has an ACH file that our books have forgotten: find out what is in it, then unlock by hand."
        )

    def executed_since(self, since: datetime) -> Iterator[tuple[str, Reply]]:
        """Every payment that the bank has, which knows it by its trace, by our reference."""
        from apps.providers.services.reading import OurBooks

        for trace, reply in super().executed_since(since):
            known = self._by_trace([trace], OurBooks(self._provider))
            yield (known[trace].reference if trace in known else trace), reply

    def _by_trace(self, traces: Iterable[str], ours: OurPayments) -> Mapping[str, Carried]:
        """Payments of ours by the traces that they had."""
        own = {int(each[8:]): each for each in traces if each.startswith(self.options["odfi"])}
        return {own[digits]: payment for digits, payment in ours.traced(own).items()}

    def _entry(self, payment: Carried) -> nacha.Entry:
        to, odfi = payment.to, self.options["odfi"]
        trace = nacha.trace_of(odfi, payment.sequence % 10**7)
        text = latin_text(payment.memo, limit=LONGEST_TEXT, field="/memo")
        addenda = (nacha.Addendum("05", f"{text:<80}0001{trace[8:]}"),) if text else ()
        return nacha.Entry(
            code=SAVINGS if to.get("account_type") == "savings" else CHECKING,
            routing=str(to.get("bank_code", "")),
            account=str(to.get("account_number", "")),
            amount=payment.amount,
            name=latin_name(str(to.get("name", "")), limit=LONGEST_NAME, field="/to/name"),
            trace=trace,
            addenda=addenda,
        )


def _told(said: object, entry: nacha.Entry, known: Mapping[str, Carried]) -> Saying | str:
    """What one addendum says of a payment of ours, or why a person must look."""
    if isinstance(said, Change):
        words = CHANGE_CODES.get(said.code, "Something is to be corrected.")
        return (
            f"{_whose(said.original_trace, known)} was executed, and is to be corrected: {said.code} {words}"
        )
    if not isinstance(said, Return):
        return f"Trace {entry.trace} is about a return that was disputed."
    payment = known.get(said.original_trace)
    if payment is None:
        return f"Trace {said.original_trace} came back, which we never sent."
    words = nacha.return_code(said.code).words
    if said.code == DUPLICATE:
        doubt = "It came back as a duplicate: what became of the first is not known."
        return Saying(payment.reference, Outcome.UNKNOWN, said.code, words, doubt=doubt)
    if entry.amount != payment.amount:
        doubt = f"{entry.amount} came back of {payment.amount}, and ACH returns whole payments."
        return Saying(payment.reference, Outcome.UNKNOWN, said.code, words, doubt=doubt)
    return Saying(payment.reference, Outcome.RETURNED, said.code, words, entry.amount)


def _whose(trace: str, known: Mapping[str, Carried]) -> str:
    return known[trace].reference if trace in known else f"Trace {trace}"
