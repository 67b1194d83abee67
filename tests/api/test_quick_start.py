"""The quick start of docs/api.md, run line by line against the real server."""

import os
import re
import subprocess
from pathlib import Path
from textwrap import dedent
from typing import Any

from django.conf import settings

from apps.accounts.models import User
from tests.support.door import person
from tests.support.processes import environment

ROOT = Path(settings.BASE_DIR)
ADMIN = "admin@countinghouse.example"


def blocks() -> list[str]:
    """The bash blocks of the quick start."""
    text = (ROOT / "docs" / "api.md").read_text()
    part = text[text.index("## Quick start") : text.index("## Keys")]
    return [dedent(block) for block in re.findall(r"^ *```bash\n(.*?)^ *```", part, re.DOTALL | re.MULTILINE)]


def test_the_quick_start_is_true(http: Any, tmp_path: Path) -> None:
    person(ADMIN, "admin")
    assert User.objects.filter(email=ADMIN).exists()
    assert len(blocks()) == 6
    # The tests' own database, in place of the one that script/manage would bring up.
    manage = tmp_path / "script" / "manage"
    manage.parent.mkdir()
    manage.write_text(f'#!/bin/sh\ncd {ROOT} && exec .venv/bin/python manage.py "$@"\n')
    manage.chmod(0o755)
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks())],
        cwd=tmp_path,
        env={**os.environ, **environment(None, "countinghouse_app"), "API": str(http.base_url).rstrip("/")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-2000:] + ran.stdout[-2000:]
    assert "INSUFFICIENT_BALANCE" in ran.stdout
