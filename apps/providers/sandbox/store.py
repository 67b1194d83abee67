"""The file: SQLite, written in the one thread of the event loop."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = sqlite3.Row

SCHEMA = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")

NEWER = ("file", "untold")
"""Columns of orders that came after the first version."""


class Store:
    """Rows, changes that happen wholly or not at all, and commits that several requests share."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # NORMAL: what is committed outlives the process, however it ends; only a power cut may lose the last of it.
        self._grow()
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)
        self._commit: asyncio.Future[None] | None = None

    def _grow(self) -> None:
        """Give a file that an earlier version began the columns that it lacks."""
        known = {row["name"] for row in self._db.execute("PRAGMA table_info(orders)")}
        for column in NEWER if known else ():
            if column not in known:
                self._db.execute(f"ALTER TABLE orders ADD COLUMN {column} TEXT")

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """All rows."""
        return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> Row | None:
        """The first row."""
        found: Row | None = self._db.execute(sql, values).fetchone()
        return found

    def number(self, sql: str, *values: Any) -> int:
        """The one number that is asked for; 0 if there is none."""
        found = self.row(sql, *values)
        return int(found[0] or 0) if found else 0

    @contextmanager
    def change(self) -> Iterator[None]:
        """All that is written in the block, or nothing of it."""
        if not self._db.in_transaction:
            self._db.execute("BEGIN")
        self._db.execute("SAVEPOINT change")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO change")
            raise
        finally:
            self._db.execute("RELEASE change")

    def run(self, sql: str, *values: Any) -> int:
        """Write, within a change; the number of the row that was inserted."""
        return self._db.execute(sql, values).lastrowid or 0

    async def committed(self) -> None:
        """Return when everything written so far is in the file."""
        if self._commit is None:
            loop = asyncio.get_running_loop()
            self._commit = loop.create_future()
            loop.call_soon(self._commit_now)
        await asyncio.shield(self._commit)

    def _commit_now(self) -> None:
        waiting, self._commit = self._commit, None
        assert waiting is not None  # noqa: S101
        try:
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._db.execute("ROLLBACK")
            waiting.set_exception(error)
            return
        waiting.set_result(None)

    def kept(self, name: str) -> Any:
        """A value that `keep` wrote, or None."""
        found = self.row("SELECT value FROM kept WHERE name = ?", name)
        return json.loads(found["value"]) if found else None

    def keep(self, name: str, value: Any) -> None:
        """Write a value as JSON under a name, within a change."""
        self.run("INSERT OR REPLACE INTO kept VALUES (?, ?)", name, json.dumps(value))

    def forget(self) -> None:
        """Empty every table, within a change."""
        for table in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
            self.run(f"DELETE FROM {table['name']}")

    def close(self) -> None:
        """Write what is not yet written."""
        if self._db.in_transaction:
            self._db.execute("COMMIT")
        self._db.close()
