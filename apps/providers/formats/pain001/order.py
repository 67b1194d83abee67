"""A payment order: one debtor, one day, one currency, and the payments; and what any bank would refuse of it."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from apps.core.currencies import currency
from apps.core.money import Money
from apps.providers.formats.errors import PaymentUnwritable
from apps.providers.formats.texts import checked_reference, latin_name, latin_text

SYSTEM_DIGITS = 18
"""Digits that an amount may have in a message of ISO 20022."""

_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CLEARING = re.compile(r"[A-Z]{5}", re.ASCII)
_UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody is: a country such as `PL`, and as much more as is known."""

    country: str = ""
    town: str = ""
    post_code: str = ""
    street: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who pays or is paid: an IBAN or another account number, and the bank by its BIC or its place in a clearing.

    `clearing` is the system, such as `USABA` or `GBDSC`, and `member` the bank's number in it.
    """

    name: str
    iban: str = ""
    account: str = ""
    bic: str = ""
    clearing: str = ""
    member: str = ""
    address: Address = field(default_factory=Address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment. `end_to_end_id` travels with it and comes back in every report; `uetr` is a UUID of version 4."""

    end_to_end_id: str
    amount: Money
    creditor: Party
    remittance: str = ""
    instruction_id: str = ""
    uetr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """A file of payments of one debtor, to be executed on one day, in one currency.

    `created_at` knows its zone. `batch_booking` asks for one line on the statement instead of one a payment; `charges`
    are `SHAR`, `DEBT` or `CRED`, and always `SLEV` in SEPA.
    """

    message_id: str
    created_at: datetime
    execute_on: date
    debtor: Party
    payments: tuple[Payment, ...]
    payment_information_id: str = ""
    batch_booking: bool = True
    charges: str = "SHAR"

    @property
    def batch_id(self) -> str:
        """The id of the one block of payments."""
        return self.payment_information_id or self.message_id

    @property
    def total(self) -> Money:
        """What the payments add up to."""
        return sum((each.amount for each in self.payments), Money.zero(self.payments[0].amount.currency))

    @property
    def created(self) -> str:
        """When it was made, as the message has it."""
        return self.created_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rail carries: characters of a name and of the remittance, and whether it needs an IBAN within SEPA."""

    name: int
    remittance: int = 140
    is_sepa: bool = False


def fitted(order: PaymentOrder, limits: Limits) -> PaymentOrder:
    """The order with its texts as the rail carries them; PaymentUnwritable if that cannot be."""
    _check_whole(order)
    payments = tuple(
        _fitted_payment(payment, limits, f"/payments/{index}") for index, payment in enumerate(order.payments)
    )
    return PaymentOrder(
        message_id=checked_reference(order.message_id, field="/message_id"),
        created_at=order.created_at,
        execute_on=order.execute_on,
        debtor=_fitted_party(order.debtor, limits, "/debtor"),
        payments=payments,
        payment_information_id=checked_reference(order.batch_id, field="/payment_information_id"),
        batch_booking=order.batch_booking,
        charges=order.charges,
    )


def _check_whole(order: PaymentOrder) -> None:
    if not order.payments:
        raise PaymentUnwritable("There is no payment in the order.", field="/payments")
    currencies = sorted({each.amount.currency for each in order.payments})
    if len(currencies) > 1:
        raise PaymentUnwritable(
            f"An order has one currency, and this one has {', '.join(currencies)}: make one of each.",
            field="/payments",
        )
    if len(str(order.total.minor)) > SYSTEM_DIGITS:
        raise PaymentUnwritable(
            f"The payments add up to {order.total}, and a sum has at most {SYSTEM_DIGITS} digits: make two orders.",
            field="/payments",
        )
    if order.created_at.tzinfo is None:
        raise PaymentUnwritable("The time of creation has no zone.", field="/created_at")
    seen: dict[str, int] = {}
    for index, payment in enumerate(order.payments):
        first = seen.setdefault(payment.end_to_end_id, index)
        if first != index:
            raise PaymentUnwritable(
                f"{payment.end_to_end_id} is the reference of payments {first} and {index}; each needs its own.",
                field=f"/payments/{index}/end_to_end_id",
            )


def _fitted_payment(payment: Payment, limits: Limits, at: str) -> Payment:
    _check_amount(payment.amount, f"{at}/amount")
    _matches(payment.uetr, _UETR, "a UUID of version 4 in small letters", f"{at}/uetr")
    reference = payment.instruction_id and checked_reference(
        payment.instruction_id, field=f"{at}/instruction_id"
    )
    return Payment(
        end_to_end_id=checked_reference(payment.end_to_end_id, field=f"{at}/end_to_end_id"),
        amount=payment.amount,
        creditor=_fitted_party(payment.creditor, limits, f"{at}/creditor"),
        remittance=latin_text(payment.remittance, limit=limits.remittance, field=f"{at}/remittance"),
        instruction_id=reference,
        uetr=payment.uetr,
    )


def _check_amount(amount: Money, at: str) -> None:
    known = currency(amount.currency)
    if known.kind != "fiat":
        raise PaymentUnwritable(f"A bank carries no {amount.currency}.", field=at)
    if not amount.is_positive or len(str(amount.minor)) > SYSTEM_DIGITS:
        raise PaymentUnwritable(
            f"{amount} cannot be paid: it must be above zero, with at most {SYSTEM_DIGITS} digits.", field=at
        )


def _fitted_party(party: Party, limits: Limits, at: str) -> Party:
    if party.iban:
        _check_iban(party.iban, limits, f"{at}/iban")
    elif limits.is_sepa:
        raise PaymentUnwritable("SEPA reaches accounts by IBAN only, and there is none.", field=f"{at}/iban")
    elif not party.account:
        raise PaymentUnwritable("There is neither an IBAN nor another account number.", field=f"{at}/account")
    _matches(party.bic, _BIC, "a BIC of 8 or 11 characters", f"{at}/bic")
    _matches(party.clearing, _CLEARING, "a clearing such as USABA or GBDSC", f"{at}/clearing")
    _matches(party.address.country, _COUNTRY, "a country such as PL", f"{at}/address/country")
    if bool(party.clearing) != bool(party.member):
        raise PaymentUnwritable("A clearing and the number in it belong together.", field=f"{at}/clearing")
    if not limits.is_sepa and not (party.bic or party.clearing):
        raise PaymentUnwritable(
            "The bank is needed: its BIC, or a clearing and its number there.", field=f"{at}/bic"
        )
    return Party(
        name=latin_name(party.name, limit=limits.name, field=f"{at}/name"),
        iban=party.iban,
        account=party.account and checked_reference(party.account, limit=34, field=f"{at}/account"),
        bic=party.bic,
        clearing=party.clearing,
        member=party.member and checked_reference(party.member, field=f"{at}/member"),
        address=_fitted_address(party.address, f"{at}/address"),
    )


def _fitted_address(address: Address, at: str) -> Address:
    limits = {"town": 35, "post_code": 16, "street": 70}
    fit = {
        name: latin_text(getattr(address, name), limit=limit, field=f"{at}/{name}")
        for name, limit in limits.items()
    }
    return Address(country=address.country, **fit)


def _check_iban(iban: str, limits: Limits, at: str) -> None:
    try:
        known = IBAN(iban)
    except SchwiftyException as error:
        raise PaymentUnwritable(f"{iban} is no IBAN: {error}.", field=at) from None
    if str(known) != iban:
        raise PaymentUnwritable(f"{iban} is written {known}: capitals, and no blanks.", field=at)
    if limits.is_sepa and not known.in_sepa_zone:
        raise PaymentUnwritable(f"SEPA does not reach {iban[:2]}.", field=at)


def _matches(text: str, pattern: re.Pattern[str], what: str, at: str) -> None:
    if text and not pattern.fullmatch(text):
        raise PaymentUnwritable(f"{text[:80]!r} is not {what}.", field=at)
