"""Account statements as ISO 20022 camt.053, which banks' customers' programs read."""

from apps.ledger.camt.statement import (
    VERSIONS,
    CamtCannotSay,
    refuse_what_cannot_be_said,
    write_statement,
)

__all__ = ["VERSIONS", "CamtCannotSay", "refuse_what_cannot_be_said", "write_statement"]
