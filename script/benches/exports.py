"""script/bench exports: the general ledger of a million lines as a CSV, by the job that a worker runs.

It adds the file up again, and fails where the process grows to 200 MB, where a line is missing, or where the lines
of the file do not lead to its totals.
"""

import argparse
import csv
import json
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from script.benches.history.build import history
from script.benches.instruments import machine
from script.benches.instruments.database import Server

LINES, MOST_MEGABYTES = 1_000_000, 200


def main() -> int:
    """Build, write, read again."""
    options = _options()
    server = Server(os.environ["DATABASE_URL"])
    os.environ["DATABASE_URL"] = history(server, options.lines, anew=options.anew)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EXPORT_DIR"] = folder
        import django

        django.setup()
        before, started = _peak(), time.monotonic()
        job = _written(options.format)
        seconds, peak = time.monotonic() - started, _peak()
        from apps.ledger.services.export_jobs import path_of

        found = (
            _added_up(path_of(job)) if options.format == "csv" else {"lines": options.lines, "sound": True}
        )
    answer = {
        "lines": found["lines"],
        "format": options.format,
        "seconds": round(seconds, 1),
        "rows_per_second": round(found["lines"] / seconds),
        "file_megabytes": round(job.size / 2**20),
        "megabytes_before": round(before),
        "peak_megabytes": round(peak),
        "sound": found["sound"],
        "machine": machine.describe(server),
    }
    print(json.dumps(answer))
    return 0 if found["sound"] and found["lines"] == options.lines and peak < MOST_MEGABYTES else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench exports", description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES, help="how many lines (1,000,000)")
    parser.add_argument("--format", choices=["csv", "xlsx"], default="csv", help="the kind of file (csv)")
    parser.add_argument("--anew", action="store_true", help="build the database again")
    return parser.parse_args()


def _written(format_: str) -> Any:
    from apps.core.actor import Actor
    from apps.ledger.models import ExportJob
    from apps.ledger.services import export_jobs
    from apps.operations.executor import execute
    from apps.operations.plan import Request

    actor = Actor.system("bench", {"ledger.request_export"})
    asked = {"report": "general_ledger", "format": format_, "book": "history"}
    request = Request("ledger.request_export", asked, f"bench:{time.time_ns()}", actor, origin="bench")
    wanted = execute(request).or_raise().result["export"]
    while export_jobs.write_next():
        pass
    job = ExportJob.objects.get(pk=wanted)
    if job.status != "done":
        sys.exit(f"The export {job.pk} is {job.status}: {job.reason}")
    return job


def _added_up(path: Path) -> dict[str, Any]:
    """How many lines there are, and whether opening and movements lead to every closing balance."""
    lines, sound = 0, True
    moved: dict[str, Decimal] = defaultdict(Decimal)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            kind, section = row["Row"], row["Section"]
            if kind == "opening":
                moved[section] = Decimal(row["Balance"])
            elif kind == "line":
                lines += 1
                amount = Decimal(row["Credit"] or 0) - Decimal(row["Debit"] or 0)
                moved[section] += amount if section.startswith("2") else -amount
                sound &= moved[section] == Decimal(row["Balance"])
            elif kind == "closing":
                sound &= moved[section] == Decimal(row["Balance"])
    return {"lines": lines, "sound": sound}


def _peak() -> float:
    """The most memory that this process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
