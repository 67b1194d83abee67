"""script/manage COMMAND [argument …]: manage.py with the environment, PostgreSQL and Redis that it needs.

Uses those of script/server when it runs; otherwise starts them and stops them afterwards.
"""

import sys
from pathlib import Path

from script.bootstrap import application, environment, services
from script.bootstrap.checkout import prepare_data_folder
from script.bootstrap.failure import Failure
from script.bootstrap.progress import Progress
from script.bootstrap.signals import run_in_foreground

# These either work on a database without tables or must be able to mend the migrations.
NEEDS_NO_TABLES = {"migrate", "makemigrations", "check", "help", "makemessages", "compilemessages"}


def run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        return 0
    # Standard output is the command's; ours is for those who wait.
    progress = Progress(sys.stderr, patience=2)
    data = prepare_data_folder()
    environment.ensure(data=data, progress=progress)
    local = services.serving(data)
    with local.running(progress):
        if local.postgres and arguments[0] not in NEEDS_NO_TABLES:
            _migrate_once(data, local.urls(), progress)
        env = {**environment.activated(), **local.urls()}
        return run_in_foreground([*application.MANAGE, *arguments], env=env)


def _migrate_once(data: Path, urls: dict[str, str], progress: Progress) -> None:
    if application.migrated_marker(data).exists():
        return
    try:
        with progress.step("Database schema"):
            application.migrate(data, urls, only_if_fresh=True)
    except Failure as failure:
        progress.note(failure.report())
