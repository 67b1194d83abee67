"""The pages of the console. Importing this package registers them."""

from apps.console.pages import accounts, books, entries, holds, operations, people, periods, templates  # noqa: F401
