"""A book as a beancount journal."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from apps.core import clock
from apps.ledger.plaintext.names import beancount_account, beancount_currency
from apps.ledger.plaintext.source import Extract, debit
from apps.ledger.queries.journal import JournalAccount, Journalled

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def write(extract: Extract) -> Iterator[str]:
    """The journal, piece by piece."""
    yield _head(extract)
    currencies: set[str] = set()
    for accounts in extract.accounts():
        yield _open(accounts)
        currencies.update(account.currency for account in accounts)
    yield from (_commodity(currency) for currency in sorted(currencies))
    last: date | None = extract.on
    for entry in extract.entries():
        last = max(last or entry.effective_on, entry.effective_on)
        yield _transaction(extract, entry)
    if last is None:
        return
    # A balance is that of the beginning of its day.
    closed = last + timedelta(days=1)
    for accounts in extract.accounts():
        yield "".join(_balance(account, closed) for account in accounts)


def _head(extract: Extract) -> str:
    return (
        f"; {extract.title}\n"
        f"; Seal {extract.seal}\n"
        "; Debit is positive, credit negative. Balances at the end are the ledger's own.\n"
        f'option "title" {_text(extract.title)}\n'
        'option "tolerance_multiplier" "0"\n\n'
    )


def _commodity(currency: str) -> str:
    return f"1970-01-01 commodity {beancount_currency(currency)}\n  code: {_text(currency)}\n"


def _open(accounts: Sequence[JournalAccount]) -> str:
    """One account in all its currencies, open from its first day on."""
    first = accounts[0]
    currencies = ",".join(beancount_currency(account.currency) for account in accounts)
    gl_codes = " ".join(sorted({account.gl_code for account in accounts}))
    return (
        f"{min(account.first_on for account in accounts)} open"
        f' {beancount_account(first.gl_type, first.address)} {currencies} "STRICT"\n'
        f"  address: {_text(first.address)}\n"
        f"  gl-code: {_text(gl_codes)}\n"
    )


def _transaction(extract: Extract, entry: Journalled) -> str:
    told = {
        "position": str(entry.position),
        "entry": _text(entry.entry),
        "reference": _text(entry.reference),
        "kind": _text(entry.kind),
        "recorded": extract.recorded_on(entry).isoformat(),
        "recorded-at": _text(clock.written(entry.recorded_at)),
        "template": entry.template and _text(entry.template),
        "operation": entry.operation and _text(entry.operation),
        "reverses": entry.reverses and _text(entry.reverses),
    }
    lines = [f"\n{entry.effective_on} * {_text(entry.description)}\n"]
    lines += [f"  {key}: {value}\n" for key, value in told.items() if value]
    for line in entry.lines:
        name, currency = beancount_account(line.gl_type, line.address), beancount_currency(line.currency)
        lines.append(f"  {name}  {debit(line.raw, line.currency)} {currency}\n")
        if line.hold:
            lines.append(f"    hold: {_text(line.hold)}\n")
    return "".join(lines)


def _balance(account: JournalAccount, on: date) -> str:
    """What an account holds; beancount counts the accounts below it, too."""
    return (
        f"\n{on} balance {beancount_account(account.gl_type, account.address)}"
        f"  {debit(account.raw_with_below, account.currency)} {beancount_currency(account.currency)}"
    )


def _text(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
