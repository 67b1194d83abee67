"""A file to start from: the headings that are known at once, and one row that is fine."""

import csv
from io import StringIO

from apps.payouts.files.fields import FIELDS

_EXAMPLE = {
    "name": "Acme GmbH",
    "iban": "DE89370400440532013000",
    "country": "DE",
    "amount": "12.34",
    "currency": "EUR",
    "reference": "invoice-1042",
    "description": "Invoice 1042",
}


def template() -> bytes:
    """`template.csv`: UTF-8 with a mark, so that Excel shows accents; commas, all fields, one example."""
    text = StringIO()
    writer = csv.DictWriter(text, FIELDS, restval="")
    writer.writeheader()
    writer.writerow(_EXAMPLE)
    return text.getvalue().encode("utf-8-sig")
