"""Comments, blanked out so that everything else keeps its place. Block comments may nest."""

import re

from apps.ledger.numscript.errors import Kind, NumscriptError, Place

_STARTS = re.compile(r'"(?:\\"|[^\r\n"])*"|//[^\r\n]*|/\*')
_EDGES = re.compile(r"/\*|\*/")
_VISIBLE = re.compile(r"[^\r\n]")


def blanked(text: str) -> str:
    """The text with spaces in the place of its comments; strings are left alone."""
    parts: list[str] = []
    done = 0
    while match := _STARTS.search(text, done):
        parts.append(text[done : match.start()])
        end = match.end()
        if match[0] == "/*":
            end = _end_of_block(text, match.start())
        parts.append(match[0] if match[0][0] == '"' else _VISIBLE.sub(" ", text[match.start() : end]))
        done = end
    return "".join([*parts, text[done:]])


def _end_of_block(text: str, start: int) -> int:
    depth = 0
    for edge in _EDGES.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    place = Place(text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
    raise NumscriptError(Kind.SYNTAX, "This comment has no end; close it with */.", place)
