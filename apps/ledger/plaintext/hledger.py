"""A book as an hledger journal."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from urllib.parse import quote

from apps.core import clock
from apps.ledger.plaintext.names import ROOTS, hledger_account, hledger_currency
from apps.ledger.plaintext.source import Extract, debit
from apps.ledger.queries.journal import JournalAccount, Journalled

_TYPES = {gl_type: root[0] for gl_type, root in ROOTS.items()} | {"revenue": "R", "expense": "X"}

# What ends a description or a value, and what an end of line, a blank at either end or a percent sign would lose.
_OF_DESCRIPTION = re.compile(r"[%;|\x00-\x1f\x7f-\xa0\u2028\u2029]|^\s|\s$")
_OF_VALUE = re.compile(r"[%,\x00-\x1f\x7f-\xa0\u2028\u2029]|^\s|\s$")


def write(extract: Extract) -> Iterator[str]:
    """The journal, piece by piece."""
    yield _head(extract)
    currencies: set[str] = set()
    for accounts in extract.accounts():
        yield _account(accounts)
        currencies.update(account.currency for account in accounts)
    # A format would make hledger round to it.
    yield from (f"commodity {hledger_currency(currency)}\n" for currency in sorted(currencies))
    last: date | None = extract.on
    for entry in extract.entries():
        last = max(last or entry.effective_on, entry.effective_on)
        yield _transaction(extract, entry)
    if last is None:
        return
    for accounts in extract.accounts():
        yield _balance(accounts, last)


def _head(extract: Extract) -> str:
    return (
        f"; {extract.title}\n"
        f"; Seal {extract.seal}\n"
        "; Debit is positive, credit negative. Balances at the end are the ledger's own.\n\n"
    )


def _account(accounts: Sequence[JournalAccount]) -> str:
    first = accounts[0]
    gl_codes = " ".join(sorted({account.gl_code for account in accounts}))
    name = hledger_account(first.gl_type, first.address)
    return f"account {name}  ; type:{_TYPES[first.gl_type]}, gl-code:{gl_codes}\n"


def _transaction(extract: Extract, entry: Journalled) -> str:
    told = {
        "position": str(entry.position),
        "entry": entry.entry,
        "reference": entry.reference,
        "recorded-at": clock.written(entry.recorded_at),
        "template": entry.template,
        "operation": entry.operation,
        "reverses": entry.reverses,
    }
    words = _escaped(_OF_DESCRIPTION, entry.kind)
    if entry.description:
        words += f" | {_escaped(_OF_DESCRIPTION, entry.description)}"
    lines = [f"\n{entry.effective_on}={extract.recorded_on(entry)} * ({entry.position}) {words}\n"]
    lines += [f"    ; {key}:{_escaped(_OF_VALUE, value)}\n" for key, value in told.items() if value]
    for line in entry.lines:
        name, amount = hledger_account(line.gl_type, line.address), debit(line.raw, line.currency)
        # Free text would not do here: hledger looks for dates in the comment of a posting.
        hold = f"  ; hold:{line.hold}" if line.hold else ""
        lines.append(f"    {name}  {amount} {hledger_currency(line.currency)}{hold}\n")
    return "".join(lines)


def _balance(accounts: Sequence[JournalAccount], on: date) -> str:
    """What an account holds in each of its currencies, without the accounts below it."""
    lines = [f"\n{on} * closing balance\n"]
    for account in accounts:
        name, currency = hledger_account(account.gl_type, account.address), hledger_currency(account.currency)
        lines.append(f"    {name}  0 {currency} = {debit(account.raw, account.currency)} {currency}\n")
    return "".join(lines)


def _escaped(what: re.Pattern[str], text: str) -> str:
    """The text with what would be misread written as in a URL: `%` and two hexadecimal digits."""
    return what.sub(lambda match: quote(match[0], safe=""), text)
