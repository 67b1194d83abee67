"""What can be wrong with a program or with what it is run on."""

from enum import StrEnum
from typing import NamedTuple, Self


class Place(NamedTuple):
    """Where something stands in a program, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class Kind(StrEnum):
    """What is wrong, as a stable code."""

    # in the text
    SYNTAX = "SYNTAX"
    TOO_LONG = "TOO_LONG"
    TOO_DEEP = "TOO_DEEP"
    UNSUPPORTED_FEATURE = "UNSUPPORTED_FEATURE"
    # in what the text means
    UNKNOWN_VARIABLE = "UNKNOWN_VARIABLE"
    DUPLICATE_VARIABLE = "DUPLICATE_VARIABLE"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    WRONG_TYPE = "WRONG_TYPE"
    UNKNOWN_FUNCTION = "UNKNOWN_FUNCTION"
    WRONG_ARGUMENTS = "WRONG_ARGUMENTS"
    PORTIONS_ABOVE_ONE = "PORTIONS_ABOVE_ONE"
    PORTIONS_BELOW_ONE = "PORTIONS_BELOW_ONE"
    REMAINING_TWICE = "REMAINING_TWICE"
    REMAINING_MISSING = "REMAINING_MISSING"
    ALLOTMENT_OF_ALL = "ALLOTMENT_OF_ALL"
    UNBOUNDED_ALL = "UNBOUNDED_ALL"
    NOT_STATIC = "NOT_STATIC"
    UNUSED_VARIABLE = "UNUSED_VARIABLE"
    # in what it is run on
    MISSING_VARIABLE = "MISSING_VARIABLE"
    INVALID_VALUE = "INVALID_VALUE"
    INVALID_PORTION = "INVALID_PORTION"
    ASSET_MISMATCH = "ASSET_MISMATCH"
    NEGATIVE_AMOUNT = "NEGATIVE_AMOUNT"
    NEGATIVE_BALANCE = "NEGATIVE_BALANCE"
    MISSING_FUNDS = "MISSING_FUNDS"
    METADATA_NOT_FOUND = "METADATA_NOT_FOUND"


class Problem(NamedTuple):
    """One thing that is wrong, and where; a warning does not keep a program from running."""

    kind: Kind
    message: str
    place: Place
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {'warning: ' if self.is_warning else ''}{self.kind}: {self.message}"


class NumscriptError(Exception):
    """The only error of this package: a kind, a place, and a message that says what to do."""

    def __init__(self, kind: Kind, message: str, place: Place) -> None:
        super().__init__(f"{place}: {kind}: {message}")
        self.kind = kind
        self.message = message
        self.place = place

    @property
    def problem(self) -> Problem:
        """The same as data."""
        return Problem(self.kind, self.message, self.place)

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The same as an error."""
        return cls(problem.kind, problem.message, problem.place)
