"""Packages of the operating system: what each is for, and apt where we may use it."""

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from script.bootstrap.failure import Failure
from script.bootstrap.progress import Progress


@dataclass(frozen=True)
class Package:
    purpose: str
    apt: tuple[str, ...]
    elsewhere: str
    is_there: Callable[[], bool]


def _finds(*libraries: str) -> Callable[[], bool]:
    return lambda: all(ctypes.util.find_library(library) for library in libraries)


def _has_fonts() -> bool:
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/System/Library/Fonts")]
    return any(next(folder.rglob("*.tt[fc]"), None) for folder in folders)


def _has_chromium() -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


PANGO = Package(
    "PDF documents",
    ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
    "on macOS: brew install pango",
    _finds("pango-1.0", "pangoft2-1.0", "harfbuzz-subset"),
)
FONTS = Package("text in PDF documents", ("fonts-dejavu-core",), "or any TrueType font", _has_fonts)
HLEDGER = Package(
    "a second opinion on plain-text journals",
    ("hledger",),
    "on macOS: brew install hledger",
    lambda: shutil.which("hledger") is not None,
)
POPPLER = Package(
    "reading PDF documents in tests",
    ("poppler-utils",),
    "on macOS: brew install poppler",
    lambda: shutil.which("pdftotext") is not None,
)
NODE = Package(
    "verifying webhooks with Node.js in tests",
    ("nodejs", "npm"),
    "on macOS: brew install node",
    lambda: all(shutil.which(name) for name in ("node", "npm")),
)
CHROMIUM = Package("browser tests", ("chromium",), "or Chrome", _has_chromium)
FOR_TESTS = (PANGO, FONTS, CHROMIUM, HLEDGER, POPPLER, NODE)


def ensure(*packages: Package, data: Path, progress: Progress) -> None:
    """Whatever is missing here is optional: without it a line says so and the rest goes on."""
    for package in packages:
        if package.is_there():
            continue
        if not may_use_apt():
            progress.note(f"No {package.purpose} without {' '.join(package.apt)} ({package.elsewhere}).")
            continue
        try:
            with progress.step(f"System packages for {package.purpose}"):
                apt_install(*package.apt, log=data / "log" / "apt.log")
        except Failure as failure:
            progress.note(f"Going on without {package.purpose}. {failure}")


def may_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*names: str, log: Path) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    apt = ["apt-get", "-q", "-y", "-o", "Acquire::http::Timeout=20"]
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with log.open("a") as output:
        # Old package lists name files that the mirrors no longer have.
        for argv in ([*apt, "update"], [*apt, "--no-install-recommends", "install", *names]):
            done = subprocess.run(
                argv, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
            )
    if done.returncode != 0:
        mend = f"Check the network and run `apt-get install {' '.join(names)}`. Log: {log}"
        raise Failure(f"apt could not install {', '.join(names)}.", mend)


def apt_install_postgres(*, log: Path) -> None:
    """The programs only: Debian's package also makes a cluster and starts it, unless told otherwise."""
    rule = Path("/etc/postgresql-common/createcluster.d/countinghouse.conf")
    ours = [folder for folder in (rule.parent, rule.parent.parent) if not folder.exists()]
    rule.parent.mkdir(parents=True, exist_ok=True)
    rule.write_text("create_main_cluster = false\n")
    try:
        apt_install("postgresql", log=log)
        # From here on the folders are the package's.
        ours.clear()
    finally:
        rule.unlink()
        for folder in ours:
            folder.rmdir()
