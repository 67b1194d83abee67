"""Proves the books: the chain hashed anew, everything summed up anew, nothing believed that is stored."""

from apps.ledger.verify.faults import Fault
from apps.ledger.verify.run import Report, verify

__all__ = ["Fault", "Report", "verify"]
