"""Names of accounts and currencies as each program allows them; different ones never become the same.

Each `..._of` has its inverse beside it.
"""

import re
from urllib.parse import quote, unquote

ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "revenue": "Income",
    "expense": "Expenses",
}
"""By GL type."""

_TYPES = {root: gl_type for gl_type, root in ROOTS.items()}

_PLAIN_CODE = re.compile(r"[A-Z][A-Z0-9]*", re.ASCII)
_WORDS = {"TRUE", "NULL"}  # what beancount takes for something else
_CODE_ESCAPE = re.compile(r"'([0-9A-F]{2})")
_RUNS = {"-": "-", "_": "--"}
_RUN, _WRITTEN_RUN = re.compile(r"[-_]+"), re.compile(r"---([hu]+)-|--?")
_AS_IS = "X----"


def beancount_account(gl_type: str, address: str) -> str:
    """Parts begin with a capital or a digit and have no `_`: `wallet:wal_7` is `Liabilities:Wallet:Wal--7`."""
    return ":".join([ROOTS[gl_type], *(_beancount_part(segment) for segment in address.split(":"))])


def address_of_beancount(name: str) -> tuple[str, str]:
    """The GL type and the address behind a name."""
    root, *parts = name.split(":")
    return _TYPES[root], ":".join(_segment_of(part) for part in parts)


def beancount_currency(code: str) -> str:
    """Capitals and digits after a capital stand as they are; `USDC.e` is `X.USDC'2E'65`."""
    if _PLAIN_CODE.fullmatch(code) and code not in _WORDS:
        return code
    return "X." + "".join(
        character if character.isascii() and (character.isdigit() or character.isupper()) else _hex(character)
        for character in code
    )


def currency_of_beancount(name: str) -> str:
    """The code behind a name."""
    if not name.startswith("X."):
        return name
    octets = _CODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)), name.removeprefix("X."))
    return octets.encode("latin-1").decode()


def hledger_account(gl_type: str, address: str) -> str:
    """The address as it is, below the root of its GL type: nothing in it means anything to hledger."""
    return f"{ROOTS[gl_type]}:{address}"


def address_of_hledger(name: str) -> tuple[str, str]:
    """The GL type and the address behind a name."""
    root, _, address = name.partition(":")
    return _TYPES[root], address


def hledger_currency(code: str) -> str:
    """Letters stand as they are, the rest in quotes, where a quote is `%22` as in a URL."""
    if code.isascii() and code.isalpha():
        return code
    return f'"{quote(code, safe=" ")}"'


def currency_of_hledger(symbol: str) -> str:
    """The code behind a symbol, with or without its quotes."""
    return unquote(symbol.strip('"'))


def _beancount_part(segment: str) -> str:
    written = _RUN.sub(_write_run, segment)
    first = written[0]
    if first.islower():
        return first.upper() + written[1:]
    return written if first.isdigit() else _AS_IS + written


def _segment_of(part: str) -> str:
    bare = part.removeprefix(_AS_IS)
    segment = _WRITTEN_RUN.sub(_read_run, bare)
    return segment if bare != part else segment[0].lower() + segment[1:]


def _write_run(match: re.Match[str]) -> str:
    """One hyphen or one underscore is two of them at most; a longer run is spelled out."""
    run = match[0]
    return _RUNS.get(run) or f"---{run.translate({45: 'h', 95: 'u'})}-"


def _read_run(match: re.Match[str]) -> str:
    if match[1]:
        return match[1].translate({104: "-", 117: "_"})
    return "-" if match[0] == "-" else "_"


def _hex(character: str) -> str:
    return "".join(f"'{octet:02X}" for octet in character.encode())
