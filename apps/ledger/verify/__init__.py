"""Proves the books: the chain hashed anew, everything summed up anew, nothing believed that is stored."""

from apps.ledger.verify.faults import Fault
from apps.ledger.verify.report import Head, Report
from apps.ledger.verify.run import LedgerReport, verify

__all__ = ["Fault", "Head", "LedgerReport", "Report", "verify"]
