"""The product in a process of its own, which may be killed, on the tests' database or on another."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
PRELUDE = """
import os, signal, sys
import django
django.setup()
from tests.support.door import *
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def url_of(name: str | None = None) -> str:
    """The address of the tests' database, or of another one on its server."""
    given = connection.settings_dict
    query = {
        "host": given["HOST"],
        "port": given["PORT"],
        "user": given["USER"],
        "password": given["PASSWORD"],
    }
    return f"postgresql:///{quote(name or given['NAME'])}?{urlencode({k: v for k, v in query.items() if v})}"


def start(script: str, *, url: str | None = None, role: str = "countinghouse_app") -> "subprocess.Popen[str]":
    """Run a script with Django set up and the door at hand."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + dedent(script)],
        cwd=ROOT,
        env=environment(url, role),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(script: str, *, url: str | None = None, role: str = "countinghouse_app", code: int = 0) -> str:
    """Run a script to its end, which must be this exit code; what it printed."""
    process = start(script, url=url, role=role)
    out, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors[-2000:]
    return out


def environment(url: str | None, role: str) -> Mapping[str, str]:
    """Where the process finds its database, and as whom it acts there."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", settings.SETTINGS_MODULE),
        "DATABASE_URL": url or url_of(),
        "DATABASE_ROLE": role,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
