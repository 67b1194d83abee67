"""The language of posting templates, and what runs it; it knows nothing of the ledger. See docs/numscript.md."""
