"""The root of every refusal; the subclasses live beside what raises them."""

from collections.abc import Iterator
from typing import ClassVar, TypeAlias

JSON: TypeAlias = None | bool | int | str | list["JSON"] | dict[str, "JSON"]


class DomainError(Exception):
    """A refusal with a stable code; its message says what is wrong, where, and what to do about it.

    `transient` promises that the same request may succeed later; `field` is a JSON pointer such as `/amount`.
    """

    code: ClassVar[str]
    transient: ClassVar[bool] = False
    http_status: ClassVar[int] = 400

    def __init__(
        self, message: str, *, field: str | None = None, details: dict[str, JSON] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.details: dict[str, JSON] = details or {}

    def as_dict(self) -> dict[str, JSON]:
        """What the API, the console and the stored Operation show of this error."""
        return {
            "code": self.code,
            "message": self.message,
            "transient": self.transient,
            "field": self.field,
            "details": self.details,
        }


def all_error_codes() -> dict[str, type[DomainError]]:
    """Each code with a class that raises it, in order; RuntimeError if a code has two HTTP statuses."""
    codes: dict[str, type[DomainError]] = {}
    for error in _subclasses(DomainError):
        known = codes.setdefault(error.code, error)
        if known.http_status != error.http_status:
            raise RuntimeError(
                f"{error.code} is HTTP {known.http_status} in {_name(known)}"
                f" but {error.http_status} in {_name(error)}."
            )
    return dict(sorted(codes.items()))


def _subclasses(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in parent.__subclasses__():
        if hasattr(child, "code"):
            yield child
        yield from _subclasses(child)


def _name(error: type[DomainError]) -> str:
    return f"{error.__module__}.{error.__qualname__}"
