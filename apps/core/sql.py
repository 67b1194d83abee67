"""SQL that lives in files of its own, loaded by migrations."""

from pathlib import Path

from django.db.migrations import RunSQL


def run_sql_file(path: Path, *, undo: str) -> RunSQL:
    """A migration step that runs a whole SQL file, and `undo` when it is unapplied.

    A file that was released is not edited: a new file beside it replaces the function, in a migration of its own.
    """
    return RunSQL(path.read_text(encoding="utf-8"), undo, elidable=False)
