"""Making the chart of accounts in the database that of its file."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from django.db import connection

from apps.core.errors import DomainError
from apps.ledger.chart import Chart, Difference, difference, read_chart
from apps.ledger.queries.chart import Misplaced, carried, misplaced, stored_chart
from apps.operations.plan import Context, EventDraft
from apps.operations.registry import Done


class ChartChangesHistory(DomainError):
    """Accounts stand where the chart would no longer have them; `details` has every reason."""

    code = "CHART_CHANGES_HISTORY"
    http_status = 409


def rebuild_coa(context: Context) -> Done:
    """Make the GL accounts and address patterns equal to `fixtures/chart.json`.

    Refused as a whole if accounts that are there would then stand elsewhere, or mean something else.
    """
    wanted = read_chart()
    changes = load(wanted)
    result = {"accounts": changes.accounts.as_dict(), "patterns": changes.patterns.as_dict()}
    events = (EventDraft("chart.rebuilt", "chart", result),) if changes else ()
    return Done(result, events)


def load(wanted: Chart) -> Difference:
    """Make the tables equal to a chart, while nobody else changes them and no account is opened."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_lock_chart()")
    stored = stored_chart()
    changes = difference(stored, wanted)
    if not changes:
        return changes
    if reasons := list(_reasons_against(stored, wanted, changes)):
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        raise ChartChangesHistory(f"{reasons[0]}{more}.", details={"reasons": list(reasons)})
    _write(wanted)
    return changes


def _reasons_against(stored: Chart, wanted: Chart, changes: Difference) -> Iterator[str]:
    accounts = carried()
    for code in changes.accounts.changed:
        before, after = stored.accounts[code], wanted.accounts[code]
        if code in accounts:
            for what in ("type", "side", "currencies"):
                if getattr(before, what) != getattr(after, what):
                    yield f"{_carrying(accounts[code])} {code}, so its {what} must stay: make a new code"
    for code in changes.accounts.removed:
        if code in accounts:
            yield f"{_carrying(accounts[code])} {code}, so it must stay"
    for heading in sorted(wanted.headings & accounts.keys()):
        yield f"{_carrying(accounts[heading])} {heading}, so no other code can stand below it"
    for found in misplaced(wanted, changes.patterns.touched):
        yield f"{_standing(found)}, so the pattern {found.pattern} cannot {_intention(found)}"


def _carrying(count: int) -> str:
    return "1 account carries" if count == 1 else f"{count} accounts carry"


def _standing(found: Misplaced) -> str:
    if found.accounts == 1:
        return f"{found.address} stands at {found.gl_code}"
    return f"{found.address} and {found.accounts - 1} more stand at {found.gl_code}"


def _intention(found: Misplaced) -> str:
    if found.wanted == found.gl_code:
        return "change whether they hold reserves"
    return f"put them to {found.wanted}"


def _write(wanted: Chart) -> None:
    accounts = [asdict(account) for account in wanted.accounts.values()]
    patterns = [asdict(pattern) for pattern in wanted.patterns.values()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_set_chart(%s, %s)", [json.dumps(accounts), json.dumps(patterns)])
