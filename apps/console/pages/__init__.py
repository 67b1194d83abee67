"""The pages of the console. Importing this package registers them."""

from apps.console.pages import accounts, books, entries, exports, holds, operations, people  # noqa: F401
