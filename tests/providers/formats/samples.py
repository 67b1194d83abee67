"""Real files of rails, where they are, and files that somebody damaged."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import strategies as st

from apps.providers.formats.errors import FileError

SAMPLES = Path(os.environ.get("COUNTINGHOUSE_DATA_SAMPLES") or settings.BASE_DIR.parent / "shared" / "data")


def sample(name: str) -> Path:
    """The file of a name such as `pain/x.xml`; skips visibly where it is not."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample is not at {path}")
    return path


def samples(folder: str, pattern: str) -> list:
    """All files of a folder as parameters; one that is skipped where the folder is not."""
    found = sorted((SAMPLES / folder).glob(pattern))
    missing = pytest.param(
        None, marks=pytest.mark.skip(reason=f"no {pattern} at {SAMPLES / folder}"), id="absent"
    )
    return [pytest.param(path, id=path.name) for path in found] or [missing]


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with lines left out, doubled, swapped or cut, or bytes changed."""
    lines = content.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        at, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "swap", "cut", "garble"])):
            case "drop" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(other, lines[at])
            case "swap":
                lines[at], lines[other] = lines[other], lines[at]
            case "cut":
                lines = [*lines[:at], lines[at][: draw(st.integers(0, len(lines[at])))]]
            case _:
                where = draw(st.integers(0, max(len(lines[at]) - 1, 0)))
                lines[at] = lines[at][:where] + draw(st.binary(max_size=3)) + lines[at][where + 1 :]
    return b"".join(lines)


def read_or_refused(read: Callable[[BytesIO], object], content: bytes) -> FileError | None:
    """What refused the content, or nothing if it was read; any other exception is a defect."""
    refused = None
    try:
        read(BytesIO(content))
    except FileError as error:
        refused = error
    assert refused is None or (refused.code.startswith("FILE_") and refused.message)
    return refused
