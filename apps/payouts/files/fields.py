"""The fields of a payout row, their bounds, and the headings by which people call them."""

import re
import unicodedata
from dataclasses import dataclass

from apps.accounts.destinations.bank import LONGEST_NAME


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `from_number` lets a number of a workbook be its text: nothing is lost by that."""

    name: str
    longest: int
    headings: str
    pattern: re.Pattern[str] | None = None
    shape: str = ""
    from_number: bool = False


def _of(name: str, longest: int, headings: str, **more: object) -> Field:
    return Field(name, longest, headings, **more)  # type: ignore[arg-type]


_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{2,33}", re.ASCII)
_BANK = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,19}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)

FIELDS = {
    field.name: field
    for field in (
        _of("wallet", 40, "wallet, wallet id, from wallet, source wallet, quellwallet, penezenka"),
        _of("recipient", 40, "recipient, recipient id, rcp, empfanger id, id prijemce"),
        _of(
            "recipient_external_id",
            120,
            "recipient external id, external id, recipient reference, supplier id, vendor id, lieferantennummer,"
            " kreditorennummer, externe id, externi id, cislo dodavatele",
            from_number=True,
        ),
        _of(
            "name",
            LONGEST_NAME,
            "name, recipient name, payee, payee name, beneficiary, beneficiary name, creditor, creditor name,"
            " account holder, empfanger, empfangername, name des empfangers, kontoinhaber, begunstigter,"
            " zahlungsempfanger, prijemce, jmeno, nazev, jmeno prijemce, nazev prijemce",
            from_number=True,
        ),
        _of("iban", 60, "iban, recipient iban, account iban, iban des empfangers, empfanger iban, iban prijemce"),
        _of(
            "account_number",
            34,
            "account number, account no, account, kontonummer, konto nr, konto, cislo uctu, ucet",
            pattern=_NUMBER,
            shape="3 to 34 letters, digits, blanks or hyphens",
        ),
        _of(
            "bank_code",
            20,
            "bank code, sort code, routing number, aba, aba routing number, clearing code, blz, bankleitzahl,"
            " kod banky",
            pattern=_BANK,
            shape="2 to 20 letters, digits, blanks or hyphens",
        ),
        _of("bic", 11, "bic, swift, swift code, swift bic, bic swift"),
        _of(
            "country", 2, "country, country code, land, landercode, zeme, stat, kod zeme", pattern=_COUNTRY,
            shape="two letters such as DE",
        ),
        _of("amount", 80, "amount, payment amount, value, betrag, summe, zahlbetrag, castka"),
        _of("currency", 5, "currency, currency code, ccy, wahrung, mena, kod meny"),
        _of(
            "reference",
            120,
            "reference, payment reference, end to end id, endtoendid, end to end reference, your reference,"
            " invoice, invoice number, referenz, rechnungsnummer, reference platby, variabilni symbol, vs",
            from_number=True,
        ),
        _of(
            "description",
            500,
            "description, remittance, remittance information, purpose, message, details, verwendungszweck,"
            " beschreibung, zweck, popis, zprava, zprava pro prijemce, ucel",
            from_number=True,
        ),
    )
}  # fmt: skip
"""By name, in the order in which the template has them."""


def simple(heading: str) -> str:
    """A heading without case, accents and punctuation: "Částka (Kč)" is "castka kc"."""
    bare = unicodedata.normalize("NFKD", heading.replace("ß", "ss")).casefold()
    letters = "".join(each if each.isalnum() else " " for each in bare if not unicodedata.combining(each))
    return " ".join(letters.split())


SPELLINGS = {
    spelling: field.name
    for field in FIELDS.values()
    for spelling in [simple(field.name), *(simple(each) for each in field.headings.split(", "))]
}
"""The field of each heading that is known, as `simple` spells it."""
