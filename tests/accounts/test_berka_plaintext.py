"""A real bank's book as plain text, read by bean-check and hledger. HYPOTHESIS_PROFILE=long takes all of it."""

import os
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from apps.ledger import addresses, queries
from apps.ledger.models import Balance, GlAccount
from apps.operations import books
from tests.support import plaintext as programs

SAMPLES = Path(os.environ.get("COUNTINGHOUSE_DATA_SAMPLES") or settings.BASE_DIR.parent / "shared" / "data")
FOLDER = SAMPLES / "berka"
LIMIT = [] if os.environ.get("HYPOTHESIS_PROFILE") == "long" else ["--limit", "3000"]

pytestmark = pytest.mark.skipif(
    not (FOLDER / "trans.asc").exists(), reason=f"the real bank is not at {FOLDER}"
)


def test_the_real_bank_is_read_with_our_balances(transactional_db: None, tmp_path: Path) -> None:
    programs.needs_hledger()
    books.forget()
    addresses.forget()
    call_command("import_berka", str(FOLDER), *LIMIT, "--json", stdout=StringIO(), stderr=StringIO())
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE"
        )  # Earlier tests left statistics of empty tables, by which the journal is planned badly.
    for format, name in (("beancount", "book.beancount"), ("hledger", "book.journal")):
        call_command("export_book", "berka", "--format", format, "-o", str(tmp_path / name))

    types = dict(GlAccount.objects.values_list("code", "type"))
    rows = Balance.objects.filter(account__book__slug="berka").exclude(balance=0).select_related("account")
    expected = {
        (types[row.account.gl_code], row.account.address, "CZK"): Decimal(-row.balance).scaleb(-2)
        for row in rows
    }
    assert programs.bean_check(tmp_path / "book.beancount") == ""
    assert programs.bean_balances(tmp_path / "book.beancount") == expected
    assert programs.hledger_check(tmp_path / "book.journal") == ""
    assert programs.hledger_balances(tmp_path / "book.journal") == expected
    written = (tmp_path / "book.journal").read_text().count("\n    ; position:")
    assert written == queries.last_position(books.id_of("berka")) == (49_102 if not LIMIT else 3_000)
