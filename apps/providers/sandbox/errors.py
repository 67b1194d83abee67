"""How a request is refused."""

from typing import Any


class Refused(Exception):
    """The request is refused: HTTP status, code, a sentence, and what else the body tells."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        return {"code": self.code, "message": self.message, **self.more}


def wrong(code: str, message: str) -> Refused:
    """What is wrong for good."""
    return Refused(422, code, message)


def not_accepted() -> Refused:
    """Provably not accepted; it may be tried again."""
    return Refused(503, "not_accepted", "The desk takes no orders for a moment; this one was not accepted.")
