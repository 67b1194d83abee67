"""Small files of rates, and loading them."""

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apps.core import clock
from apps.rates import services
from tests.support.door import done

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

Table = Mapping[str, Mapping[str, str]]
"""Rates as written, by day and currency."""


def table(days: Table) -> bytes:
    """A table as the ECB writes it, with N/A where nothing is said and a comma at every end."""
    codes = list(dict.fromkeys(code for rates in days.values() for code in rates))
    lines = [
        ["Date", *codes],
        *([day, *(rates.get(code, "N/A") for code in codes)] for day, rates in days.items()),
    ]
    return "".join(",".join(line) + ",\n" for line in lines).encode()


def envelope(days: Table, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    """An envelope as the ECB writes it."""
    cubes = "".join(
        f"<Cube time='{day}'>"
        + "".join(f"<Cube currency='{code}' rate='{rate}'/>\n" for code, rate in rates.items())
        + "</Cube>\n"
        for day, rates in days.items()
    )
    return (
        f'{head}\n<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
        ' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
        f"<gesmes:subject>Reference rates</gesmes:subject><Cube>\n{cubes}</Cube></gesmes:Envelope>"
    ).encode()


def archive(*contents: bytes) -> bytes:
    """A zip of these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for number, content in enumerate(contents):
            packed.writestr(f"eurofxref-{number}.csv", content)
    return made.getvalue()


def received(content: bytes, name: str = "eurofxref.csv") -> str:
    """A file that was received."""
    return services.receive(name=name, content=content, now=clock.now())


def loaded(content: bytes | Table, **more: Any) -> Any:
    """Load a file, or a table of these days; what the command answered."""
    return done(
        "rates.load_ecb", file=received(content if isinstance(content, bytes) else table(content)), **more
    )
