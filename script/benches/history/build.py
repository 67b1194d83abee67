"""The database of `script/bench reads`, built once and kept."""

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from script.benches.instruments.database import Server, fingerprint, migrate

SQL = Path(__file__).with_name("build.sql")
LINES_AN_ACCOUNT = 100
_STEP = re.compile(r"^-- step: (.+)\n", re.MULTILINE)


def history(server: Server, lines: int, *, anew: bool) -> str:
    """The address of a database with that many lines, made if there is none of this schema."""
    name, made_from = server.named(f"history_{lines}"), fingerprint(SQL.read_text())
    if anew or server.marked(name) != made_from:
        _build(server, name, lines)
        server.mark(name, made_from)
    return server.url_of(name)


def _build(server: Server, name: str, lines: int) -> None:
    _tell(f"Building {lines:,} lines")
    server.create(name)
    migrate(server.url_of(name))
    with server.connect(name) as connection:
        for step, paragraphs in _steps(lines):
            started = time.monotonic()
            for paragraph in paragraphs:
                connection.execute(paragraph.encode())
            _tell(f"  {step:20} {time.monotonic() - started:6.1f} s")


def _steps(lines: int) -> Iterator[tuple[str, list[str]]]:
    """Each step with its paragraphs. VACUUM and COMMIT have one for themselves."""
    numbers = {"lines": lines, "entries": lines // 2, "accounts": lines // LINES_AN_ACCOUNT}
    _, *parts = _STEP.split(SQL.read_text().format(**numbers))
    for step, text in zip(parts[::2], parts[1::2], strict=True):
        yield step, text.split("\n\n")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
