"""The ECB's envelopes: a cube for each day, a cube in it for each currency."""

from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from lxml import etree

from apps.rates.ecb.shape import DayOfRates, FileInvalid, code_of, day_of, rate_of

ROOT = "{http://www.gesmes.org/xml/2002-08-01}Envelope"
CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"


def days_in(file: BufferedReader) -> Iterator[DayOfRates]:
    """Every day of an envelope, in the file's order. Nothing is expanded, and nothing outside is looked up."""
    parser = etree.iterparse(
        file,
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        _check_root(parser)
        for event, element in parser:
            if event == "end" and element.tag == CUBE and "time" in element.attrib:
                yield _day(element)
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise FileInvalid(f"It is no well-formed XML: {error.msg}", line=error.lineno) from None


def _check_root(parser: Any) -> None:
    _, root = next(parser)
    if root.getroottree().docinfo.doctype:
        raise FileInvalid("It has a DOCTYPE, which no file of the ECB has", line=1)
    if root.tag != ROOT:
        raise FileInvalid("It is no envelope of the ECB: it does not begin with gesmes:Envelope", line=1)


def _day(cube: Any) -> DayOfRates:
    line = cube.sourceline
    rates = {}
    for each in cube:
        if each.tag != CUBE or not {"currency", "rate"} <= set(each.attrib):
            raise FileInvalid(
                "A day holds cubes with a currency and a rate, and nothing else", line=each.sourceline
            )
        code = code_of(each.attrib["currency"], each.sourceline)
        if code in rates:
            raise FileInvalid(f"{code} is there twice", line=each.sourceline, column=code)
        rates[code] = rate_of(each.attrib["rate"], each.sourceline, code)
    return DayOfRates(line, day_of(cube.attrib["time"], line, "time"), rates)


def _forget(cube: Any) -> None:
    """Free the day and those before it."""
    cube.clear(keep_tail=True)
    while (before := cube.getprevious()) is not None:
        before.getparent().remove(before)
