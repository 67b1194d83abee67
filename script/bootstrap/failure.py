"""The one way in which a script gives up."""

from pathlib import Path


class Failure(Exception):
    """Says in one line what is wrong and how to mend it, and below it how the log ends."""

    def __init__(self, problem: str, mend: str, *, log: Path | None = None) -> None:
        super().__init__(f"{problem} {mend}")
        # Read now: the folder may be gone by the time this is reported.
        self._excerpt = [*tail(log), f"Whole log: {log}"] if log else []

    def report(self) -> str:
        return "\n    ".join([str(self), *self._excerpt])


def tail(log: Path, lines: int = 15) -> list[str]:
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        return file.read().decode(errors="replace").splitlines()[-lines:]
