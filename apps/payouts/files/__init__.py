"""Files of payouts as tenants upload them: CSV, XLSX and pain.001, read row by row without a database."""

from apps.payouts.files.cells import Code, Problem
from apps.payouts.files.entries import Entry
from apps.payouts.files.fields import FIELDS
from apps.payouts.files.recognition import Kind
from apps.payouts.files.sheet import Row, Sheet, read
from apps.payouts.files.template import template

__all__ = ["FIELDS", "Code", "Entry", "Kind", "Problem", "Row", "Sheet", "read", "template"]
