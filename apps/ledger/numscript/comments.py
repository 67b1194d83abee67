"""Comments: where they are, and a text in which they are blanked out so that all else keeps its place. Blocks may nest."""

import re
from collections.abc import Iterator

from apps.ledger.numscript.errors import Kind, NumscriptError, Place

_STARTS = re.compile(r'"(?:\\"|[^\r\n"])*"|//[^\r\n]*|/\*')
_EDGES = re.compile(r"/\*|\*/")
_VISIBLE = re.compile(r"[^\r\n]")


def comments(text: str) -> Iterator[tuple[int, int | None]]:
    """Where each comment begins and ends; a block that nobody closed has no end. What stands in strings is none."""
    done = 0
    while match := _STARTS.search(text, done):
        done = match.end()
        if match[0] == "/*":
            end = _end_of_block(text, match.start())
            yield match.start(), end
            if end is None:
                return
            done = end
        elif match[0][0] == "/":
            yield match.start(), done


def blanked(text: str) -> str:
    """The text with spaces in the place of its comments."""
    parts: list[str] = []
    done = 0
    for start, end in comments(text):
        if end is None:
            place = Place(text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
            raise NumscriptError(Kind.SYNTAX, "This comment has no end; close it with */.", place)
        parts += [text[done:start], _VISIBLE.sub(" ", text[start:end])]
        done = end
    return "".join([*parts, text[done:]])


def notes(text: str) -> dict[int, str]:
    """What a comment of one line says, by the number of its line."""
    return {
        text.count("\n", 0, start) + 1: text[start:end].removeprefix("//").strip()
        for start, end in comments(text)
        if text.startswith("//", start)
    }


def _end_of_block(text: str, start: int) -> int | None:
    depth = 0
    for edge in _EDGES.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    return None
