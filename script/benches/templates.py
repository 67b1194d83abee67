"""script/bench templates: a real bank's history posted by templates, as a ratio to the same by raw postings.

The first lines of the bank are posted into two books of one database, part by part in turn: into one as the importer
does, into the other by a command that is like it in all but naming its postings itself. The figure is the median of
the parts' ratios. It needs the bank's files (`docs/berka.md`).
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from script.benches.instruments import machine
from script.benches.instruments.database import Server, migrate

LINES, PART, GOAL = 40_000, 2_500, 0.8
FOLDER = Path(__file__).parents[3] / "shared" / "data" / "berka"

# The same accounts in the second book; opening them makes their balances.
SECOND_BOOK = """
WITH book AS (
  INSERT INTO operations_book (slug, name, time_zone, created_at)
  SELECT 'raw', 'Posted raw', time_zone, created_at FROM operations_book WHERE slug = 'berka' RETURNING id)
INSERT INTO ledger_account (book_id, address, currency, gl_code, side, name, floor, names_holds, opened_at)
SELECT book.id, a.address, a.currency, a.gl_code, a.side, a.name, a.floor, a.names_holds, a.opened_at
  FROM book, ledger_account a JOIN operations_book b ON b.id = a.book_id WHERE b.slug = 'berka'
"""
SAME = """
SELECT count(*) FROM (
  SELECT address, currency, count(*) books, count(DISTINCT balance) balances
    FROM ledger_account a JOIN ledger_balance USING (book_id, currency)
   WHERE a.id = account_id GROUP BY 1, 2) x
 WHERE books <> 2 OR balances <> 1
"""


def main() -> int:
    """Post, compare, and say the ratio; fails where the two books differ."""
    options = _options()
    server = Server(os.environ["DATABASE_URL"])
    server.require_durability()
    name = server.named("templates")
    server.create(name)
    os.environ["DATABASE_URL"] = server.url_of(name)
    migrate(os.environ["DATABASE_URL"])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    ratios, rates = _race(options.lines)
    with server.connect(name) as connection:
        row = connection.execute(SAME).fetchone()
    answer = {
        "lines": options.lines,
        "ratio": round(median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "goal": GOAL,
        "by_template_per_second": round(median(rates)),
        "accounts_that_differ": row[0] if row else None,
        "machine": machine.describe(server),
    }
    print(json.dumps(answer))
    return 1 if answer["accounts_that_differ"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench templates", description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES, help=f"how many lines of the bank ({LINES:,})")
    options = parser.parse_args()
    if not FOLDER.is_dir():
        sys.exit(f"The bank's files are not in {FOLDER}.")
    return options


def _race(lines: int) -> tuple[list[float], list[float]]:
    """The ratio of each part, and the rate by template."""
    from apps.accounts.berka import book, source
    from apps.accounts.berka.survey import survey

    path = source.find(str(FOLDER))
    book.open_accounts(survey(path, lines).floors)
    _open_second_book()
    by_template = [book.request_of(line) for line in source.good_lines(path, lines)]
    raw = [
        _raw(line, request) for line, request in zip(source.good_lines(path, lines), by_template, strict=True)
    ]
    ratios, rates = [], []
    for number, part in enumerate(_parts(len(by_template))):
        kinds = [by_template[part], raw[part]]
        seconds = [0.0, 0.0]
        for kind in (0, 1) if number % 2 else (1, 0):
            seconds[kind] = _post(kinds[kind])
        ratios.append(seconds[1] / seconds[0])
        rates.append(len(kinds[0]) / seconds[0])
        print(f"part {number + 1}: {rates[-1]:,.0f}/s by template, ratio {ratios[-1]:.2f}", file=sys.stderr)
    return ratios[1:], rates[1:]  # in the first the plans are made


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, PART):
        yield slice(start, start + PART)


def _open_second_book() -> None:
    from django.db import connection

    from script.benches.wallets import raw_import  # noqa: F401 (its command registers itself)

    with connection.cursor() as cursor:
        cursor.execute(SECOND_BOOK)


def _raw(line: Any, request: Any) -> Any:
    """The same request to the other book, with the accounts in the place of a template's variables."""
    from script.benches.wallets.raw_import import ACTOR, NAME

    own, other = request.input["variables"]["wallet"], line.kind.counterpart.address
    given = {name: value for name, value in request.input.items() if name not in ("template", "variables")}
    given |= {
        "book": "raw",
        "source": other if line.kind.inward else own,
        "destination": own if line.kind.inward else other,
        "amount": request.input["variables"]["amount"],
    }
    return replace(request, command=NAME, input=given, key=f"raw:{request.key}", actor=ACTOR)


def _post(requests: Sequence[Any]) -> float:
    from apps.operations.executor import execute_many

    started = time.monotonic()
    for outcome in execute_many(requests):
        outcome.or_raise()
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
