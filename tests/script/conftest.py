import io
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from script.bootstrap.checkout import ROOT
from script.bootstrap.progress import Progress

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder; not tmp_path, which PostgreSQL's user could not enter."""
    with tempfile.TemporaryDirectory(prefix="countinghouse-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def run(data: Path) -> Run:
    """Runs a script as a user would: without the services that script/test gives to the tests."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    }

    def run(*argv: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {**inherited, "COUNTINGHOUSE_DATA": str(data), **variables}
        return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def progress() -> Progress:
    return Progress(io.StringIO())
