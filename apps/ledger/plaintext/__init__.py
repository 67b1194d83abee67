"""Books as plain text: journals that other people's programs read, add up and check."""

from apps.ledger.plaintext.export import FORMATS, export

__all__ = ["FORMATS", "export"]
