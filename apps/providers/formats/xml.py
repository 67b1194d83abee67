"""XML of banks and customers: read in pieces, blind to prefixes, and deaf to DTDs, entities and the network."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, BinaryIO

from lxml import etree

from apps.core.currencies import CurrencyUnknown, currency
from apps.core.money import LIMIT, Money
from apps.providers.formats.errors import FileFormatUnknown, FileMalformed, FileUnsafe, Place

_AMOUNT = re.compile(r"\+?([0-9]{0,40})(?:\.([0-9]{0,40}))?", re.ASCII)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T24:00:00)?(?=[TZ+-]|$)", re.ASCII)
_MESSAGE = re.compile(r"([a-z]{4}\.[0-9]{3})\.[0-9]{3}\.([0-9]{2})")


class Node:
    """An element, found by local names: `node.text("Acct/Id/IBAN")`, whatever its prefix or version."""

    __slots__ = ("_element", "_path")

    def __init__(self, element: Any, path: str) -> None:
        self._element, self._path = element, path

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self._element.sourceline or 0, self._path)

    def every(self, path: str) -> list["Node"]:
        """All elements of a path below this one."""
        found = [self._element]
        for name in path.split("/"):
            found = [child for element in found for child in element if _local(child) == name]
        return [Node(element, f"{self._path}/{path}") for element in found]

    def first(self, path: str) -> "Node | None":
        """The first element of a path, if there is one."""
        return next(iter(self.every(path)), None)

    def names(self) -> list[str]:
        """The local names of what it holds."""
        return [_local(child) for child in self._element]

    def text(self, path: str = "") -> str:
        """The text of the first element of a path without the blanks around it; nothing if there is none."""
        found = self.first(path) if path else self
        return (found._element.text or "").strip() if found else ""

    def needed(self, path: str) -> str:
        """The text of a path, or FileMalformed."""
        if text := self.text(path):
            return text
        raise FileMalformed(f"{path} is missing.", place=self.place)

    def texts(self, path: str) -> tuple[str, ...]:
        """The texts of all elements of a path that have one."""
        return tuple(text for each in self.every(path) if (text := each.text()))

    def money(self, path: str) -> Money | None:
        """The amount at a path with the currency of its attribute `Ccy`."""
        found = self.first(path)
        if found is None:
            return None
        return amount_of(found.text(), found._element.get("Ccy", ""), found.place)

    def needed_money(self, path: str) -> Money:
        """The amount at a path, or FileMalformed."""
        found = self.money(path)
        if found is None:
            raise FileMalformed(f"{path} is missing.", place=self.place)
        return found

    def number(self, path: str) -> Fraction | None:
        """The number at a path, exactly."""
        found = self.first(path)
        return None if found is None else number_of(found.text(), found.place)

    def day(self, path: str) -> date | None:
        """The date at a path; of a time, its date as written there."""
        found = self.first(path)
        return None if found is None else day_of(found.text(), found.place)

    def refuse(self, message: str) -> FileMalformed:
        """Why it cannot be read, here."""
        return FileMalformed(message, place=self.place)


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of a file: when it begins (`ended` false, nothing of it is there yet) and when it is whole."""

    name: str
    ended: bool
    node: Node
    above: Node | None


def cuts(file: BinaryIO, *, message: str, container: str, shape: Mapping[str, str]) -> Iterator[Cut]:
    """The pieces of a message such as `camt.053`, each forgotten once the next one is asked for, and at last the container.

    `shape` names each piece with the piece that holds it, the container being "". Raises FileError.
    """
    parser = etree.iterparse(
        file,
        events=("start", "end"),
        tag=[f"{{*}}{name}" for name in ("Document", container, *shape)],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        yield from _Cutter(message, container, shape).of(parser)
    except etree.XMLSyntaxError as error:
        said = [(each.line, each.message) for each in parser.error_log] or [(error.lineno, error.msg)]
        line, why = said[0]
        raise FileMalformed(f"It is no well-formed XML: {why}", place=Place(line or 1)) from None


class _Cutter:
    def __init__(self, message: str, container: str, shape: Mapping[str, str]) -> None:
        self._message, self._container, self._shape = message, container, shape
        self._open: list[Node] = []
        self._counts: list[dict[str, int]] = [{}]
        self._seen = self._inside = False

    def of(self, parser: Any) -> Iterator[Cut]:
        for event, element in parser:
            name, begins = _local(element), event == "start"
            if name not in self._shape:
                self._around(name, element, begins)
                if name == self._container and not begins:
                    yield Cut(name, True, Node(element, name), None)
                continue
            yield self._begun(name, element) if begins else self._ended()
            if not begins:
                _forget(element)
        if not self._seen:
            raise FileFormatUnknown(f"It is no {self._message}: it has no {self._container}.")

    def _around(self, name: str, element: Any, begins: bool) -> None:
        if begins:
            self._check(element)
        if name != self._container:
            return
        if begins and self._seen:
            raise FileMalformed(f"There is a second {name}.", place=Place(element.sourceline or 0, name))
        self._seen, self._inside = True, begins

    def _check(self, element: Any) -> None:
        place = Place(element.sourceline or 0, _local(element))
        if element.getroottree().docinfo.doctype:
            raise FileUnsafe("It has a DOCTYPE; send it without.", place=place)
        named = _MESSAGE.search(etree.QName(element).namespace or "")
        if named and named[1] != self._message:
            raise FileFormatUnknown(f"It is a {named[0]}, and no {self._message}.", place=place)

    def _begun(self, name: str, element: Any) -> Cut:
        counts = self._counts[-1]
        counts[name] = counts.get(name, 0) + 1
        above = self._open[-1] if self._open else None
        step = f"{name}[{counts[name]}]"
        node = Node(element, f"{above.place.path}/{step}" if above else step)
        holder = _local(above._element) if above else ""
        if not self._seen:
            raise FileFormatUnknown(
                f"It is no {self._message}: it has no {self._container}.", place=node.place
            )
        if not self._inside or holder != self._shape[name]:
            raise node.refuse(f"{name} stands outside of {self._shape[name] or self._container}.")
        self._open.append(node)
        self._counts.append({})
        return Cut(name, False, node, above)

    def _ended(self) -> Cut:
        node = self._open.pop()
        self._counts.pop()
        return Cut(_local(node._element), True, node, self._open[-1] if self._open else None)


def version_of(node: Node) -> str:
    """The version of the message that its namespace names, such as "08"; nothing without one."""
    named = _MESSAGE.search(etree.QName(node._element).namespace or "")
    return named[2] if named else ""


def amount_of(text: str, code: str, place: Place) -> Money:
    """An amount of a message as Money; zeros past the currency's digits are dropped, anything else there is refused."""
    number = number_of(text, place)
    try:
        exponent = currency(code).exponent
    except CurrencyUnknown as error:
        raise FileMalformed(error.message, place=place) from None
    minor = number * 10**exponent
    if minor.denominator != 1 or minor >= LIMIT:
        raise FileMalformed(f"{text} is no amount of {code}, which has {exponent} decimals.", place=place)
    return Money(int(minor), code)


def number_of(text: str, place: Place) -> Fraction:
    """A decimal number without a sign, exactly."""
    match = _AMOUNT.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        raise FileMalformed(f"{text[:40]!r} is no amount: digits and at most one point.", place=place)
    fraction = match[2] or ""
    return Fraction(int((match[1] or "0") + fraction), 10 ** len(fraction))


def day_of(text: str, place: Place) -> date:
    """The date of a date or a time, as written: no time zone moves it. The end of a day may be its 24th hour."""
    match = _DATE.match(text)
    try:
        if match is None:
            raise ValueError(text)
        return date.fromisoformat(match[1])
    except ValueError:
        raise FileMalformed(f"{text[:40]!r} is no date such as 2026-11-22.", place=place) from None


def _local(element: Any) -> str:
    name: str = element.tag.rpartition("}")[2]
    return name


def _forget(element: Any) -> None:
    """Free it and the like before it; what stands around is left alone, for the parser goes on there."""
    element.clear(keep_tail=True)
    before = element.getprevious()
    if before is not None and before.tag == element.tag:
        before.getparent().remove(before)
