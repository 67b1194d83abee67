"""The bank of PKDD'99 as a book of ours: read, imported, compared with its own balances (`docs/berka.md`)."""
